// The unit tests of a servlet, bundled as the servlet itself is, so that TypeScript and `@siplet/sdk` need no set-up.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { bundle } from './bundle.js';
import { BuildError } from './error.js';

/** Runs FOLDER/test/*.test.js and *.test.ts with node's own runner; gives its exit code. */
export async function test(folder) {
  const root = resolve(folder);
  const tests = existsSync(join(root, 'test')) ? await readdir(join(root, 'test')) : [];
  const files = tests.filter((name) => /\.test\.(js|ts)$/.test(name)).sort();
  if (files.length === 0) throw new BuildError(`${join(root, 'test')} has no *.test.js and no *.test.ts`);
  const place = await mkdtemp(join(tmpdir(), 'siplet-js-'));
  try {
    const bundles = [];
    for (const name of files) {
      const { code, map } = await bundle(root, `import './test/${name}';`, { platform: 'node' });
      const path = join(place, `${name}.mjs`);
      const inline = Buffer.from(JSON.stringify(map)).toString('base64');
      await writeFile(path, `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}\n`);
      bundles.push(path);
    }
    return await run(['--enable-source-maps', '--test', ...bundles]);
  } finally {
    await rm(place, { recursive: true });
  }
}

function run(args) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    child.on('error', failed);
    child.on('exit', (code) => done(code ?? 1));
  });
}
