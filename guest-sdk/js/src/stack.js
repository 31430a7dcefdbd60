// Where an exception came from, in the author's own files and lines.
//
// The build puts a table at the end of the bundle that leads from its lines back to the sources (`build/lines.js`).

export const TABLE = Symbol.for('siplet.lines');

/** The frames of an error in the author's sources, innermost first; without a table, all frames as they stand. */
export function framesOf(error) {
  const table = globalThis[TABLE];
  const frames = [];
  for (const text of String(error?.stack ?? '').split('\n')) {
    const found = parse(text.trim());
    if (!found) continue;
    const frame = table ? traced(table, found) : found;
    if (frame) frames.push({ ...frame, place: `${frame.file}:${frame.line}` });
  }
  return frames;
}

/** A line of a stack: `name@file:3:7` or `at name (file:3:7)`. */
function parse(text) {
  const found = /^(?:at )?(.*?)(?:@| ?\(|^)?([^@\s()]+?):(\d+)(?::(\d+))?\)?$/.exec(text);
  if (!found) return undefined;
  const [, name, file, line, column] = found;
  return { name: name.trim() || 'the module', file, line: Number(line), column: Number(column ?? 0) };
}

/** The same in the sources; none for a line that is not the author's. */
function traced({ files, lines, bundle }, { name, file, line, column }) {
  if (!file.endsWith(bundle)) return undefined;
  let found;
  for (const entry of lines) {
    if (entry[0] > line) break;
    found = entry;
  }
  if (!found || found[1] < 0) return undefined;
  return { name: name.replace(/[/<]+$/g, ''), file: files[found[1]], line: found[2] + (line - found[0]), column };
}
