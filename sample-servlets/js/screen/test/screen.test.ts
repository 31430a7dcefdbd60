import assert from 'node:assert/strict';
import test from 'node:test';

import { SipletError } from '@siplet/sdk';
import { FakeHost } from '@siplet/sdk/test';

import { Hours } from '../src/hours.js';
import Screen from '../src/screen.js';

const PARAMETERS = { open: '09:00-18:00', 'utc-offset': '+01:00', refused: ['sip:spam@bad.example', '*@worse.example'] };

function heard(from: string, clock: string): number[] {
  const host = new FakeHost({ now: new Date(`2026-11-22T${clock}Z`) });
  host.servlet(Screen, PARAMETERS).doInvite(host.request('INVITE', { from }));
  return host.sent.map(({ status }) => status);
}

test('callers are answered in opening hours, and those on the list never', () => {
  assert.deepEqual(heard('<sip:carol@good.example>', '08:00'), [180, 200]);
  assert.deepEqual(heard('<sip:carol@good.example>', '17:00'), [480]);
  assert.deepEqual(heard('<sip:spam@BAD.example>', '08:00'), [403]);
  assert.deepEqual(heard('<sip:Spam@bad.example>', '08:00'), [180, 200]);
  assert.deepEqual(heard('<sip:anybody@worse.example>', '17:00'), [403]);
});

test('what was decided for a call is kept', () => {
  const host = new FakeHost({ now: new Date('2026-11-22T16:59Z') });
  const screen = host.servlet(Screen, PARAMETERS);
  screen.doInvite(host.request('INVITE'));
  host.time += 3_600_000;
  screen.doInvite(host.request('INVITE', { isInitial: false }));
  assert.deepEqual(host.sent.map(({ status }) => status), [180, 200, 200]);
});

test('a night may be open, and midnight is no border', () => {
  const night = new Hours('22:00-06:00', '-02:00');
  const at = (clock: string) => night.areOpen(new Date(`2026-11-22T${clock}Z`));
  assert.deepEqual(['23:59', '00:00', '07:59', '08:00'].map(at), [false, true, true, false]);
});

test('hours that are none are refused with a sentence', () => {
  const refused = (open: string) => () => new Hours(open, '+00:00');
  assert.throws(refused('9 to 5'), SipletError);
  assert.throws(refused('09:00-24:01'), /"24:01" is no time of a day/);
});
