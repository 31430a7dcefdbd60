#!/usr/bin/env node
// `siplet-js build [FOLDER]`: makes NAME.wasm of a servlet in JavaScript or TypeScript.
// `siplet-js test [FOLDER]`: runs its unit tests.

import { parseArgs } from 'node:util';

import { build } from '../build/build.js';
import { BuildError } from '../build/error.js';
import { test } from '../build/test.js';

const USAGE = `siplet-js build [FOLDER] [--out FOLDER]   make NAME.wasm of the servlet in FOLDER (default: here)
siplet-js test [FOLDER]                  run its unit tests: test/*.test.js, test/*.test.ts`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
const [command, folder = '.'] = positionals;

try {
  if (values.help || positionals.length > 2) console.log(USAGE);
  else if (command === 'build') console.log(await build(folder, values.out));
  else if (command === 'test') process.exitCode = await test(folder);
  else throw new BuildError(USAGE);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
