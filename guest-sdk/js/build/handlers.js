// Which handlers an author's class has. The class itself is asked, so what it inherits counts as well.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { HANDLERS, MARK, handlersOf } from '../src/servlet.js';
import { bundle } from './bundle.js';
import { BuildError } from './error.js';

/** The handlers of the class that `source` exports as its default. */
export async function handlersIn(folder, source) {
  const { code } = await bundle(folder, `export { default } from ${JSON.stringify(`./${source}`)};`);
  const place = await mkdtemp(join(tmpdir(), 'siplet-js-'));
  try {
    const path = join(place, 'servlet.mjs');
    await writeFile(path, code);
    const { default: servlet } = await import(pathToFileURL(path).href).catch((error) => {
      throw new BuildError(`${source}: it cannot be loaded: ${error.message}`);
    });
    return checked(source, servlet);
  } finally {
    await rm(place, { recursive: true });
  }
}

function checked(source, servlet) {
  if (typeof servlet !== 'function' || !(MARK in servlet)) {
    throw new BuildError(`${source}: it exports no servlet; write \`export default class Name extends Servlet { .. }\``);
  }
  const handlers = handlersOf(servlet);
  for (const name of Object.getOwnPropertyNames(servlet.prototype)) {
    const value = Object.getOwnPropertyDescriptor(servlet.prototype, name).value;
    if (typeof value !== 'function') continue;
    if (value.constructor.name === 'AsyncFunction' && (handlers.includes(name) || name === 'init')) {
      throw new BuildError(`${source}: \`${name}\` is async; a handler does not wait: it returns, and goes on in a later turn`);
    }
    if (/^do[A-Z_]/.test(name) && !HANDLERS.includes(name)) {
      const near = nearest(name);
      const hint = near ? `did you mean \`${near}\`?` : `there are ${HANDLERS.join(', ')}`;
      throw new BuildError(`${source}: \`${name}\` is no handler: ${hint}`);
    }
  }
  if (handlers.length === 0) throw new BuildError(`${source}: the servlet has no handler; write one, such as \`doInvite(request) { .. }\``);
  return handlers;
}

function nearest(word) {
  const [best] = HANDLERS.map((known) => [distance(word, known), known]).sort(([one], [other]) => one - other);
  return best[0] * 3 <= best[1].length ? best[1] : undefined;
}

/** How many letters must be put in, taken out or changed. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let line = 0; line < one.length; line += 1) {
    const next = [line + 1];
    for (let column = 0; column < other.length; column += 1) {
      const changed = row[column] + (one[line] === other[column] ? 0 : 1);
      next.push(Math.min(changed, row[column + 1] + 1, next[column] + 1));
    }
    row = next;
  }
  return row.at(-1);
}
