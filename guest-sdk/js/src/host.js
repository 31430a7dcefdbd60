// The seam between the SDK and the host. In a guest, the entry puts the imports of the WIT package behind it; in a unit
// test, `@siplet/sdk/test` does.

const NOBODY = 'there is no host: this runs outside a turn. In a unit test, use `@siplet/sdk/test`';

export const host = {
  now: () => {
    throw new Error(NOBODY);
  },
  random: () => {
    throw new Error(NOBODY);
  },
  log: () => {},
};

/** Puts a host behind the SDK: `now`, `random` and `log` of the interface `context`. */
export function connect(context) {
  host.now = () => Number(context.now());
  host.random = () => BigInt(context.random());
  host.log = (level, message) => context.log(level, message);
}

/** When the turn began; the same during a whole turn. */
export function now() {
  return new Date(host.now());
}

/** A random number of the turn, 0 or more and below 1. */
export function random() {
  // The upper 53 bits: what a number holds exactly.
  return Number(BigInt.asUintN(64, host.random()) >> 11n) / 2 ** 53;
}

const line = (level) => (...values) => host.log(level, values.map(shown).join(' '));

/** Lines of log; the host adds application, handler and call. */
export const log = {
  error: line('error'),
  warn: line('warn'),
  info: line('info'),
  debug: line('debug'),
  trace: line('trace'),
};

function shown(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack}` : `${value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
