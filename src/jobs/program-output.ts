/** Bytes of the end of a stream that are kept. */
const tailLength = 8192;

/**
 * All that comes, `most` bytes at most.
 * @param tooMuch called once when more comes; reading ends then
 */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  most: number,
  tooMuch: () => void,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    length += part.length;
    if (length > most) {
      tooMuch();
      break;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The end of a text that may be of any length. */
export async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let tail: Uint8Array = new Uint8Array();
  for await (const part of stream) tail = Buffer.concat([tail, part]).subarray(-tailLength);
  return new TextDecoder().decode(tail);
}
