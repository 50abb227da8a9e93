/** Where replies go: to one client, or to its room. */
export interface Outlet {
  /** Whether a list is several messages. */
  readonly lists: boolean;
  readonly live: boolean;
  readonly congested: boolean;
  drained(): Promise<void>;
  put(message: unknown): void;
}

/**
 * Sends what a handler gave: nothing for `undefined` and `null`, one message for a value, one for each value of an iterator,
 * a generator, a stream, and of a list where a list is no value of the encoding; what a promise becomes. Who makes messages
 * one by one waits for a client that reads slowly.
 * @returns a promise when it is not done yet
 */
export function reply(value: unknown, to: Outlet): Promise<void> | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") return void to.put(value);
  if (isThenable(value)) return settled(value, to);
  const messages = messagesOf(value, to.lists);
  return messages === undefined ? void to.put(value) : sendEach(messages, to);
}

async function settled(value: PromiseLike<unknown>, to: Outlet): Promise<void> {
  await reply(await value, to);
}

async function sendEach(messages: Iterable<unknown> | AsyncIterable<unknown>, to: Outlet): Promise<void> {
  // Leaving the loop tells a generator that it is over.
  for await (const message of messages) {
    if (!to.live) return;
    if (message !== undefined && message !== null) to.put(message);
    if (to.congested) await to.drained();
  }
}

const isThenable = (value: object): value is PromiseLike<unknown> =>
  value instanceof Promise || ("then" in value && typeof value.then === "function");

function messagesOf(value: object, lists: boolean): Iterable<unknown> | AsyncIterable<unknown> | undefined {
  if (value instanceof Uint8Array || (!lists && Array.isArray(value))) return undefined;
  return Symbol.asyncIterator in value || Symbol.iterator in value
    ? (value as Iterable<unknown> | AsyncIterable<unknown>)
    : undefined;
}
