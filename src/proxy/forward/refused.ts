/** What a client is told instead of what it asked for. */
export class Refused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param text for the client: nothing of it may tell of the inside */
  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(text, { cause });
    this.status = status;
    this.headers = headers;
  }
}
