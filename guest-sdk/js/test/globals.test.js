// In a process of its own: the globals are replaced for good.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Servlet } from '../src/index.js';
import { serve } from '../src/entry.js';

test('clock, die, screen and waits of the language are those of the turn', () => {
  const lines = [];
  let bits = 0n;
  let seen;
  const context = { now: () => 1_800_000_000_000n, random: () => (bits += 1n << 60n), log: (level, text) => lines.push([level, text]), panicked: () => {} };
  const { sipServlet } = serve(class extends Servlet {
    doInvite() {
      console.warn('at', { now: 1 });
      seen = [Date.now(), new Date().getTime(), Math.random(), Math.random(), crypto.randomUUID()];
    }
    doBye() {
      setTimeout(() => {}, 10);
    }
  }, context);
  assert.notEqual(Date.now(), 1_800_000_000_000, 'before the first call, the clock is the machine\'s');
  sipServlet.init([]);
  sipServlet.doInvite({}, { bytes: new Uint8Array(), index: [] });
  assert.deepEqual(seen.slice(0, 4), [1_800_000_000_000, 1_800_000_000_000, 0.0625, 0.125]);
  assert.match(seen[4], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(lines, [['warn', 'at {"now":1}']]);
  assert.throws(() => sipServlet.doBye({}, { bytes: new Uint8Array(), index: [] }), /a servlet may not block: use a timer/);
  assert.equal(new Date(0).toISOString(), '1970-01-01T00:00:00.000Z');
  assert.ok(new Date() instanceof Date);
});
