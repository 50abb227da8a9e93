import type { Logged } from "./log-line.ts";
import { readLine } from "./log-line.ts";
import { matchingLines } from "./matching-lines.ts";

/** More of one transaction is not drawn: ids of peers that are reused would fill the memory. */
const most = 100_000;

/** All that the files say of one transaction. */
export async function readTransaction(gtxnid: string, files: readonly string[]): Promise<Logged[]> {
  const logged: Logged[] = [];
  for (const file of files) {
    for await (const line of matchingLines(streamOf(file), gtxnid)) {
      const read = readLine(line, file);
      // It may be the start of another id, or a word in a text.
      if (read?.gtxnid === gtxnid && logged.push(read) >= most) return logged;
    }
  }
  return logged;
}

function streamOf(file: string): ReadableStream<Uint8Array> {
  if (file === "-") return Bun.stdin.stream();
  const stream = Bun.file(file).stream();
  if (file.endsWith(".gz")) return stream.pipeThrough(new DecompressionStream("gzip"));
  return file.endsWith(".zst") ? stream.pipeThrough(new DecompressionStream("zstd")) : stream;
}
