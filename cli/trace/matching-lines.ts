/** A line longer than this is nobody's: it is passed over. */
const longest = 16 * 1024 * 1024;
const newline = 10;
const space = 32;

/**
 * The lines that contain `text`, with the lines behind each that start with two spaces and belong to it. What does not
 * contain it is searched as bytes and never made text: a log of some GB is read at the speed of the disk, in constant memory.
 */
export async function* matchingLines(
  stream: AsyncIterable<Uint8Array>,
  text: string,
): AsyncGenerator<string> {
  const wanted = Buffer.from(text);
  let rest: Buffer = Buffer.alloc(0);
  // What was found last, while lines of it may follow.
  let open: string | undefined;
  const linesOf = function* (bytes: Buffer): Generator<string> {
    let at = 0;
    while (at < bytes.length) {
      const end = endOf(bytes, at);
      if (open !== undefined && bytes[at] === space && bytes[at + 1] === space) {
        open += `\n${bytes.toString("utf8", at, end)}`;
        at = end + 1;
        continue;
      }
      if (open !== undefined) yield open;
      open = undefined;
      const found = bytes.indexOf(wanted, at);
      if (found < 0) return;
      const start = bytes.lastIndexOf(newline, found) + 1;
      at = endOf(bytes, found) + 1;
      open = bytes.toString("utf8", start, at - 1);
    }
  };
  for await (const chunk of stream) {
    const bytes =
      rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([rest, chunk]);
    const whole = bytes.lastIndexOf(newline) + 1;
    yield* linesOf(bytes.subarray(0, whole));
    rest = bytes.length - whole > longest ? Buffer.alloc(0) : Buffer.from(bytes.subarray(whole));
  }
  yield* linesOf(rest);
  if (open !== undefined) yield open;
}

function endOf(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(newline, from);
  return end < 0 ? bytes.length : end;
}
