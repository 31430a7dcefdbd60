// A custom section at the end of a WebAssembly file.

/** The file with that section behind it. */
export function withSection(file, name, content) {
  const [title, body] = [Buffer.from(name), Buffer.from(content)];
  const payload = Buffer.concat([leb(title.length), title, body]);
  return Buffer.concat([file, Buffer.from([0]), leb(payload.length), payload]);
}

/** A number as LEB128. */
function leb(number) {
  const bytes = [];
  do {
    bytes.push((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
    number >>>= 7;
  } while (number > 0);
  return Buffer.from(bytes);
}
