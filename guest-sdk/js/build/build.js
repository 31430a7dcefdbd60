// From a folder with a package.json to NAME.wasm: bundle, engine, descriptor.

import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

import { TABLE } from '../src/stack.js';
import { witName } from '../src/servlet.js';
import { bundle } from './bundle.js';
import { BuildError } from './error.js';
import { handlersIn } from './handlers.js';
import { linesOf } from './lines.js';
import { manifest } from './manifest.js';
import { withSection } from './section.js';
import { CONTEXT, WORLD, writeWorld } from './world.js';

const SECTION = 'siplet-descriptor';
/** The bundle's name in stacks. */
const BUNDLE = 'servlet.js';
/** Parts of the engine that wait or need WASI. With `wasi = "lite"` those stay that have a host. */
const WITHOUT = { none: ['stdio', 'random', 'clocks', 'http', 'fetch-event'], lite: ['http', 'fetch-event'] };

/** Builds the servlet in `folder` into `out`; gives the sentence to show. */
export async function build(folder, out) {
  const started = performance.now();
  const root = resolve(folder);
  const { source, descriptor } = manifest(root);
  descriptor.handlers = (await handlersIn(root, source)).map(witName);
  const place = await mkdtemp(join(tmpdir(), 'siplet-js-'));
  try {
    const component = await componentized(root, source, descriptor, place);
    const file = join(resolve(out ?? root), `${descriptor.name}.wasm`);
    await put(file, withSection(component, SECTION, JSON.stringify(descriptor)));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const size = (component.length / 1e6).toFixed(1);
    return `${relative(process.cwd(), file)}  ${size} MB  ${descriptor.handlers.join(', ')}  in ${seconds} s`;
  } finally {
    await rm(place, { recursive: true });
  }
}

async function componentized(root, source, descriptor, place) {
  const wit = join(place, 'wit');
  const exported = await writeWorld(wit, (await handlersIn(root, source)));
  const entry = entryOf(source, exported);
  const { code, map } = await bundle(root, entry, { external: [CONTEXT] });
  const isAuthors = (file) => file !== 'entry.js' && !resolve(root, file).startsWith(resolve(import.meta.dirname, '../src'));
  const table = { ...linesOf(map, isAuthors), bundle: BUNDLE };
  const mark = `globalThis[Symbol.for(${JSON.stringify(TABLE.description)})] = ${JSON.stringify(table)};\n`;
  // Loaded here: it is large, and a mistake of the author's is told before.
  const { componentize } = await import('@bytecodealliance/componentize-js');
  const disableFeatures = WITHOUT[descriptor.wasi ?? 'none'];
  if (!disableFeatures) throw new BuildError(`"wasi" is ${JSON.stringify(descriptor.wasi)}; it is "none" or "lite"`);
  const { component } = await componentize(code + mark, {
    sourceName: BUNDLE,
    witPath: wit,
    worldName: WORLD,
    disableFeatures,
  });
  return Buffer.from(component);
}

/** The module around the author's: the SDK first, so that its globals are in place. */
function entryOf(source, exported) {
  const names = exported.map((name) => name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase()));
  return `import { serve } from '@siplet/sdk/entry';
import * as context from ${JSON.stringify(CONTEXT)};
import Servlet from ${JSON.stringify(`./${source}`)};
export const { ${names.join(', ')} } = serve(Servlet, context);
`;
}

/** Whoever watches the folder sees the file whole or not at all. */
async function put(file, bytes) {
  const folder = resolve(file, '..');
  await mkdir(folder, { recursive: true });
  const part = join(folder, `.${process.pid}.part`);
  await writeFile(part, bytes);
  await rename(part, file);
}
