import { Context } from "../context.ts";

const never = new AbortController().signal;

/** The context of what is done when a connection has ended: calls to backends are not given up with it. */
export class AfterClose extends Context {
  readonly #open: Context;

  constructor(open: Context) {
    const { request, server, scope, path, search, gtxnid, ltxnid } = open;
    super(request, server, scope, path, search, gtxnid, ltxnid);
    this.#open = open;
  }

  override get signal(): AbortSignal {
    return never;
  }

  override get peer(): string {
    return this.#open.peer;
  }

  override nextCall(): number {
    return this.#open.nextCall();
  }
}
