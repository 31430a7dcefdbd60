// The author's modules and the SDK as one module, by esbuild. Types are taken away, not checked.

import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { BuildError } from './error.js';

const sdk = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Wherever the author's copy of the SDK lies: what is built in is the copy that builds. */
const ALIAS = {
  '@siplet/sdk': sdk('src/index.js'),
  '@siplet/sdk/test': sdk('src/fake.js'),
  '@siplet/sdk/entry': sdk('src/entry.js'),
};

/** Bundles `contents` as if it stood in `folder`. Gives the code and its source map. */
export async function bundle(folder, contents, { platform = 'neutral', external = [] } = {}) {
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: folder, sourcefile: 'entry.js' },
      absWorkingDir: folder,
      alias: ALIAS,
      bundle: true,
      external,
      format: 'esm',
      logLevel: 'silent',
      mainFields: ['module', 'main'],
      outfile: `${folder}/bundle.js`,
      platform,
      sourcemap: 'external',
      target: 'es2022',
      write: false,
    });
    const text = (end) => outputFiles.find((file) => file.path.endsWith(end)).text;
    return { code: text('bundle.js'), map: JSON.parse(text('bundle.js.map')) };
  } catch (error) {
    if (!error.errors) throw error;
    throw new BuildError(error.errors.map(told).join('\n'));
  }
}

function told({ text, location }) {
  return location ? `${location.file}:${location.line}: ${text}\n    ${location.lineText.trim()}` : text;
}
