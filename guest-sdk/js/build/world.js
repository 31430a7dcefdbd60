// The WIT world of one servlet: what it imports, and the interfaces that its handlers need.

import { existsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { OPTIONAL } from '../src/servlet.js';

/** The WIT package: a copy inside a published SDK, else that of the checkout. */
const PLACES = ['../wit/', '../../../wit/v0.1/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

export const CONTEXT = 'siplet:servlet/context@0.1.0';
export const WORLD = 'servlet-in-javascript';

/** Writes the package with a world for these handlers into `place`. */
export async function writeWorld(place, handlers) {
  const from = PLACES.find((path) => existsSync(path));
  await cp(from, place, { recursive: true });
  const exported = ['sip-servlet'];
  for (const [name, own] of Object.entries(OPTIONAL)) {
    if (own.some((handler) => handlers.includes(handler))) exported.push(name);
  }
  const lines = exported.map((name) => `    export ${name};`).join('\n');
  const world = `package siplet:servlet@0.1.0;\n\nworld ${WORLD} {\n    import types;\n    import context;\n${lines}\n}\n`;
  await writeFile(join(place, 'javascript.wit'), world);
  return exported;
}
