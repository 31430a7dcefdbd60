// The globals of the language, as far as they are a clock, a die, a screen or a wait.
//
// A guest is started at build time and kept as a picture of its memory, so the engine's own clock stands still and its
// own die throws the same numbers in every instance. From the first call on, both are the turn's. Before that, while the
// picture is made, the engine's own are used.

import { host, log, now, random } from './host.js';

const OriginalDate = Date;
const originalRandom = Math.random;
let live = false;

/** From now on a host is there. */
export function goLive() {
  live = true;
}

class TurnDate extends OriginalDate {
  constructor(...values) {
    if (values.length === 0) super(TurnDate.now());
    else super(...values);
  }

  static now() {
    return live ? host.now() : OriginalDate.now();
  }
}

const waits = (name) => () => {
  throw new Error(`a servlet may not block: use a timer (it called ${name})`);
};

function fill(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = Math.floor(Math.random() * 256);
  return array;
}

function randomUUID() {
  const bytes = fill(new Uint8Array(16));
  // RFC 9562 §5.4: version 4 and its variant.
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function put(target, name, value) {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
}

/** Puts them in place. Runs once, before the author's module. */
export function install(global) {
  put(TurnDate, 'name', 'Date');
  put(global, 'Date', TurnDate);
  put(global.Math, 'random', () => (live ? random() : originalRandom()));
  put(global, 'performance', { now: () => 0, timeOrigin: 0, get timeStamp() { return Number(now()); } });
  put(global, 'crypto', { getRandomValues: fill, randomUUID });
  put(global, 'console', {
    log: log.info, info: log.info, warn: log.warn, error: log.error, debug: log.debug, trace: log.trace,
  });
  for (const name of ['setTimeout', 'setInterval', 'fetch']) put(global, name, waits(name));
  // What runs before the first call has nobody to listen.
}
