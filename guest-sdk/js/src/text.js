// Octets to text and back, also where the engine brings no TextDecoder.

const decoder = typeof TextDecoder === 'function' ? new TextDecoder() : undefined;
const encoder = typeof TextEncoder === 'function' ? new TextEncoder() : undefined;

const REPLACEMENT = 0xfffd;

/** UTF-8 as text; what is none is replaced by U+FFFD. */
export function decode(bytes) {
  // Header lines are short and nearly always ASCII: no crossing into the decoder for those.
  let ascii = bytes.length <= 256;
  for (let at = 0; ascii && at < bytes.length; at += 1) ascii = bytes[at] < 0x80;
  if (ascii) return String.fromCharCode.apply(null, bytes);
  return decoder ? decoder.decode(bytes) : decodeSlowly(bytes);
}

/** Text as UTF-8; octets stay as they are. */
export function encode(value) {
  if (ArrayBuffer.isView(value)) return value;
  if (typeof value !== 'string') throw new TypeError(`a text or a Uint8Array is wanted, not ${typeof value}`);
  return encoder ? encoder.encode(value) : encodeSlowly(value);
}

export function decodeSlowly(bytes) {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const [point, length] = pointAt(bytes, at);
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}

function pointAt(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return [first, 1];
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return [REPLACEMENT, 1];
  let point = first & (0x7f >> length);
  for (let next = 1; next < length; next += 1) {
    if ((bytes[at + next] & 0xc0) !== 0x80) return [REPLACEMENT, next];
    point = (point << 6) | (bytes[at + next] & 0x3f);
  }
  const least = [0, 0, 0x80, 0x800, 0x10000][length];
  const valid = point >= least && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return valid ? [point, length] : [REPLACEMENT, length];
}

export function encodeSlowly(text) {
  const bytes = [];
  for (const letter of text) {
    let point = letter.codePointAt(0);
    if (point >= 0xd800 && point <= 0xdfff) point = REPLACEMENT;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else {
      bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f));
      bytes.push(0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}
