import { readFileSync } from "node:fs";

/** Fields of a request line, in the reference's order. */
const names = [
  "date",
  "time",
  "ip",
  "host",
  "method",
  "uri",
  "version",
  "requestBytes",
  "status",
  "responseBytes",
  "gtxnid",
  "ltxnid",
  "user",
  "token",
  "referer",
  "userAgent",
  "forwardedFor",
  "worker",
  "connections",
  "handling",
  "transfer",
] as const;

export type RequestLine = Record<(typeof names)[number], string>;

/** Splits one request line; quoted fields may hold blanks and escaped quotes. */
export function parseLine(line: string): RequestLine {
  const fields = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  if (fields.length !== names.length)
    throw new Error(`${fields.length} fields instead of ${names.length}: ${line}`);
  return Object.fromEntries(names.map((name, i) => [name, fields[i]!])) as RequestLine;
}

/** Polls until `find` gives something: for what another process writes when it gets to it. */
export async function eventually<Found>(
  find: () => Found | undefined | false,
  what: string,
  seconds = 5,
): Promise<Found> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = find();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${seconds} s`);
    await Bun.sleep(5);
  }
}

/** The request line of `uri` in a log file, as soon as it is there. */
export const requestLine = (file: string, uri: string): Promise<RequestLine> =>
  eventually(
    () =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line.includes(` ${uri} `))
        .map(parseLine)[0],
    `a request line for ${uri}`,
  );
