import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { bundle } from '../build/bundle.js';
import { handlersIn } from '../build/handlers.js';
import { linesOf } from '../build/lines.js';
import { manifest } from '../build/manifest.js';
import { withSection } from '../build/section.js';

function project(source, json = { name: 'mine', version: '1.2.3' }) {
  const folder = mkdtempSync(join(tmpdir(), 'siplet-js-test-'));
  test.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/servlet.ts'), source);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(json));
  return folder;
}

const servlet = (body) => `import { Servlet } from '@siplet/sdk';\nexport default class Mine extends Servlet { ${body} }\n`;
const handlers = (source) => handlersIn(project(source), 'src/servlet.ts');

test('the handlers that an author wrote are found', async () => {
  assert.deepEqual(await handlers(servlet('doBye() {} private help(): number { return 1 } doInvite() {}')), ['doInvite', 'doBye']);
});

test('mistakes of an author are told in a sentence', async () => {
  await assert.rejects(handlers(servlet('doInvit() {}')), /`doInvit` is no handler: did you mean `doInvite`\?/);
  await assert.rejects(handlers(servlet('async doInvite() {}')), /`doInvite` is async; a handler does not wait/);
  await assert.rejects(handlers(servlet('')), /the servlet has no handler/);
  await assert.rejects(handlers('export default class {}'), /exports no servlet/);
  await assert.rejects(handlers('const x = ;'), /src\/servlet\.ts:1: Unexpected ";"/);
});

test('the descriptor comes from package.json', () => {
  const folder = project('', { name: '@acme/mine', version: '1.2.3', siplet: { domains: ['a.example'], limits: { 'turn-ms': 50 } } });
  const { source, descriptor } = manifest(folder);
  assert.equal(source, 'src/servlet.ts');
  assert.deepEqual(descriptor, { name: 'mine', version: '1.2.3', domains: ['a.example'], limits: { 'memory-bytes': 64 << 20, 'turn-ms': 50 } });
  assert.throws(() => manifest(project('', { name: 'a b' })), /a name has 1 to 64 letters/);
  assert.throws(() => manifest(project('', { name: 'a', main: 'src/no.js' })), /src\/no\.js is missing/);
});

test('a line of the bundle leads back to the line of the author', async () => {
  const folder = project(servlet('\n  // a comment that goes\n  doInvite() {\n    throw new Error("here");\n  }\n'));
  const { code, map } = await bundle(folder, "import Servlet from './src/servlet.ts'; console.log(Servlet);");
  const { files, lines } = linesOf(map, (file) => file.endsWith('servlet.ts'));
  const line = code.split('\n').findIndex((text) => text.includes('new Error("here")')) + 1;
  const entry = lines.findLast(([start]) => start <= line);
  assert.deepEqual([files[entry[1]], entry[2] + line - entry[0]], ['src/servlet.ts', 5]);
});

test('a section stands behind the file with its lengths', () => {
  const content = 'x'.repeat(200);
  const made = withSection(Buffer.from('file'), 'name', content);
  assert.deepEqual([...made.subarray(4, 8)], [0, (205 & 0x7f) | 0x80, 205 >> 7, 4]);
  assert.equal(made.subarray(8).toString(), `name${content}`);
});
