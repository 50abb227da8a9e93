import { type ErrorCode, type ErrorDetail, SkitaiError } from "../errors.ts";

/** A handshake that is refused, or a message that cannot be read. */
export class SocketError extends SkitaiError {
  /** Fields of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the websocket is closed with, when it is (RFC 6455 §7.4.1). */
  readonly closeCode: number;

  constructor(
    code: ErrorCode,
    detail: ErrorDetail,
    {
      headers = {},
      status,
      closeCode = 1007,
    }: { headers?: Record<string, string>; status?: number; closeCode?: number } = {},
  ) {
    super(code, detail, status);
    this.name = "SocketError";
    this.headers = headers;
    this.closeCode = closeCode;
  }
}
