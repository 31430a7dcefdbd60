// Reading the flat view of a message: no call to the host. Offsets that point nowhere read as empty.

import { isList, nameOf, numberOf } from './headers.js';
import { decode } from './text.js';

const HEAD_WORDS = 8;
const LINE_WORDS = 5;

// Methods by their number in the view, from 1 on.
const METHODS = [
  'INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'PRACK', 'UPDATE',
  'INFO', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER',
];

/** A message handed over flat. */
export class View {
  constructor({ bytes, index }) {
    this.bytes = bytes;
    this.index = index;
  }

  slice(at) {
    const start = this.index[at] ?? 0;
    return this.bytes.subarray(start, start + (this.index[at + 1] ?? 0));
  }

  text(at) {
    return decode(this.slice(at));
  }

  get method() {
    return METHODS[(this.index[1] ?? 0) - 1] ?? this.text(2);
  }

  get status() {
    return this.index[1] ?? 0;
  }

  get reason() {
    return this.text(2);
  }

  get requestUri() {
    return this.text(4);
  }

  get body() {
    return this.slice(6);
  }

  /** The places in the index where the lines of that header stand; of all lines without a name. */
  *lines(name) {
    const number = name === undefined ? 0 : numberOf(name);
    const lower = number === 0 ? name?.toLowerCase() : undefined;
    for (let at = HEAD_WORDS; at + LINE_WORDS <= this.index.length; at += LINE_WORDS) {
      const found = this.index[at];
      if (name === undefined || (number !== 0 ? found === number : found === 0 && this.text(at + 1).toLowerCase() === lower)) {
        yield at;
      }
    }
  }

  /** The value of a line. */
  value(at) {
    return this.text(at + 3);
  }

  valueBytes(at) {
    return this.slice(at + 3);
  }

  /** The name of a line: a well-known header has a name of its own, be it written long or compact. */
  name(at) {
    return nameOf(this.index[at]) || this.text(at + 1);
  }

  /** The single values of a header over all its lines. */
  *values(name) {
    const list = isList(numberOf(name));
    for (const at of this.lines(name)) {
      if (list) yield* split(this.value(at));
      else yield this.value(at);
    }
  }
}

/** Splits a comma list; commas inside quotes and angle brackets belong to a value. */
export function* split(list) {
  let start = 0;
  let quoted = false;
  let bracket = false;
  for (let at = 0; at <= list.length; at += 1) {
    const letter = list[at];
    if (quoted) {
      if (letter === '\\') at += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '<') bracket = true;
    else if (letter === '>') bracket = false;
    if (letter === undefined || (letter === ',' && !quoted && !bracket)) {
      const value = list.slice(start, at).trim();
      if (value !== '') yield value;
      start = at + 1;
    }
  }
}
