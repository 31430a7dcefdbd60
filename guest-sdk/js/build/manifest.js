// What the author's package.json says: the source, and the descriptor.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { BuildError } from './error.js';

/** Places where the servlet is looked for when `main` does not say. */
const USUAL = ['src/servlet.ts', 'src/servlet.js'];

// Limits of a guest that carries an engine of its own; the author's stand over them.
const LIMITS = { 'memory-bytes': 64 << 20 };

/** Reads FOLDER/package.json. Gives the source file and the descriptor without its handlers. */
export function manifest(folder) {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) throw new BuildError(`${path} is missing: a servlet is a folder with a package.json`);
  let json;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new BuildError(`${path}: ${error.message}`);
  }
  const given = json.siplet ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new BuildError(`${path}: "siplet" is the descriptor, an object`);
  }
  const name = given.name ?? String(json.name ?? '').replace(/^@[^/]*\//, '');
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new BuildError(`${path}: a name has 1 to 64 letters, digits, \`-\`, \`_\` and \`.\`, not ${JSON.stringify(name)}`);
  }
  const descriptor = {
    ...given,
    name,
    version: given.version ?? json.version ?? '0.0.0',
    limits: { ...LIMITS, ...given.limits },
  };
  return { source: source(folder, json.main), descriptor };
}

function source(folder, main) {
  const found = main ? [main] : USUAL;
  const file = found.find((file) => existsSync(join(folder, file)));
  if (!file) throw new BuildError(`${join(folder, found[0])} is missing: "main" of package.json names the servlet's source`);
  return file;
}
