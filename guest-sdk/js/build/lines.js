// The table that leads from a line of the bundle back to the author's file and line, for backtraces.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * Of a source map. `files` are the author's files; each entry of `lines` is a line of the bundle, the number of the file
 * (-1: none of the author's) and the line in it, and holds for the lines after it until the next entry.
 */
export function linesOf(map, isAuthors) {
  const kept = map.sources.map((source) => (isAuthors(source) ? source : undefined));
  const files = kept.filter((source) => source !== undefined);
  const lines = [];
  let delta;
  let last;
  for (const [line, source, sourceLine] of firstSegments(map.mappings)) {
    const file = files.indexOf(kept[source]);
    if (file === last && (file < 0 || sourceLine - line === delta)) continue;
    lines.push([line, file, file < 0 ? 0 : sourceLine]);
    [last, delta] = [file, sourceLine - line];
  }
  return { files, lines };
}

/** Line of the bundle, number of the source and line in it, of the first segment of each line; lines count from 1. */
function* firstSegments(mappings) {
  let [source, sourceLine] = [0, 0];
  let line = 0;
  for (const segments of mappings.split(';')) {
    line += 1;
    let first = true;
    for (const segment of segments === '' ? [] : segments.split(',')) {
      const [, sourceStep = 0, lineStep = 0] = numbers(segment);
      source += sourceStep;
      sourceLine += lineStep;
      if (first) yield [line, source, sourceLine + 1];
      first = false;
    }
  }
}

/** The numbers of a segment (base 64, variable length, the lowest bit is the sign). */
function numbers(segment) {
  const found = [];
  let [value, shift] = [0, 0];
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    found.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return found;
}
