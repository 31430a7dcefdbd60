import assert from 'node:assert/strict';
import test from 'node:test';

import { FakeHost } from '@siplet/sdk/test';

import Answer, { includesSdp } from '../src/answer.js';

const SDP = { contentType: 'application/sdp', body: 'v=0' };

function answered(method, given) {
  const host = new FakeHost();
  const name = `do${method[0]}${method.slice(1).toLowerCase()}`;
  host.servlet(Answer)[name](host.request(method, given));
  return host.sent;
}

test('a caller hears itself', () => {
  const [ringing, answer] = answered('INVITE', SDP);
  assert.deepEqual([ringing.status, answer.status, answer.text], [180, 200, 'v=0']);
});

test('a re-INVITE does not ring', () => {
  assert.deepEqual(answered('INVITE', { ...SDP, isInitial: false }).map(({ status }) => status), [200]);
});

test('a call with another body than SDP is not understood', () => {
  const [refusal] = answered('INVITE', { contentType: 'application/isup', body: 'x' });
  assert.deepEqual([refusal.status, refusal.header('Accept')], [415, 'application/sdp']);
});

test('a caller that takes no SDP is told so', () => {
  const [refusal] = answered('INVITE', { ...SDP, headers: { Accept: 'text/plain, text/html' } });
  assert.equal(refusal.status, 406);
  assert.ok(includesSdp('application/sdp;level=1') && includesSdp('Application/*') && includesSdp('*/*;q=0.1'));
});

test('a caller without a body gets an offer that sends nothing', () => {
  const [, answer] = answered('INVITE', {});
  assert.match(answer.text, /a=inactive/);
});
