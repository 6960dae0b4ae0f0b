/**
 * Lines of a stream, in batches.
 *
 * @module
 */

/** A longer line is no identifier; it is cut, so that a file without line ends cannot fill the memory. */
export const MAX_LINE_CHARS = 1_048_576;

/** Some lines of a file, in order. */
export interface LineBatch {
  /** Number of the first one, from 1. */
  readonly first: number;
  /** Without their ends; a line that was longer has {@linkcode MAX_LINE_CHARS} + 1 characters. */
  readonly lines: readonly string[];
}

/**
 * Splits a stream of UTF-8 into lines: `\n` and `\r\n` end one, a byte order mark is dropped. A batch holds the lines
 * of one chunk of the stream: an await for each line would cost more than reading it.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<LineBatch> {
  const decoder = new TextDecoder();
  let first = 1;
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = cut(lines.pop() ?? "");
    if (lines.length === 0) continue;
    yield { first, lines: lines.map(withoutReturn) };
    first += lines.length;
  }
  rest += decoder.decode();
  if (rest !== "") yield { first, lines: [withoutReturn(rest)] };
}

function cut(line: string): string {
  return line.length > MAX_LINE_CHARS ? line.slice(0, MAX_LINE_CHARS + 1) : line;
}

function withoutReturn(line: string): string {
  return cut(line.endsWith("\r") ? line.slice(0, -1) : line);
}
