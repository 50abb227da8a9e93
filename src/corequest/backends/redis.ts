import type { Redis } from "ioredis";
import type { Cluster } from "../../upstream/cluster.ts";
import type { Member } from "../../upstream/member.ts";
import type { Backend } from "../backend.ts";
import type { Control } from "../control.ts";
import { RedisBatch, type RedisCall } from "../redis-call.ts";
import { Result } from "../result.ts";
import { RedisError, redisFailure, RedisUnsent } from "./redis-error.ts";
import type { RedisLine } from "./redis-line.ts";

/** ms that a server may be silent before a connection is given up for it. */
const patience = 1000;

/** What is known of one member. Nothing of ioredis is loaded before the first call. */
export class RedisLink {
  readonly #member: Member;
  readonly #cluster: Cluster;
  #loading: Promise<RedisLine> | undefined;
  #raw: Promise<Redis> | undefined;
  /** When there was a call before. */
  line: RedisLine | undefined;

  constructor(member: Member, cluster: Cluster) {
    this.#member = member;
    this.#cluster = cluster;
  }

  /** Connected; all calls that come meanwhile wait for the same attempt. @throws RedisUnsent */
  async open(): Promise<RedisLine> {
    try {
      const line = (this.line ??= await (this.#loading ??= this.#load()));
      if (!line.ready) await line.open();
      return line;
    } catch (cause) {
      throw new RedisUnsent(cause);
    }
  }

  /**
   * A call ran out of time. When the server has been silent since it was made, the connection may be dead without knowing:
   * a new one is made, and the calls that wait are not sent over the old one for ever.
   */
  ranOut(started: number): void {
    if (this.#member.answeredAt <= started && Date.now() - started >= patience) this.line?.drop();
  }

  /** The first refusal among the replies is what `fetch` throws. */
  resultOf(replies: readonly unknown[], { label }: RedisBatch): Result<unknown> {
    const target = { alias: this.#cluster.name, member: this.#member.label };
    const errors = replies.map((reply) =>
      reply instanceof Error ? new RedisError(target, label, reply) : undefined,
    );
    const error = errors.find((each) => each !== undefined);
    if (error === undefined) return new Result(replies);
    const data = replies.map((reply, index) => errors[index] ?? reply);
    return new Result<unknown>(data, { statusCode: 500, reason: error.message, error });
  }

  raw(): Promise<Redis> {
    return (this.#raw ??= this.#makeRaw());
  }

  async close(): Promise<void> {
    this.line?.close();
    (await this.#raw)?.disconnect();
  }

  async #makeRaw(): Promise<Redis> {
    const { rawRedis } = await import("./redis-clients.ts");
    return rawRedis(this.#member.declaration, this.#cluster.options);
  }

  async #load(): Promise<RedisLine> {
    const { redisLine } = await import("./redis-clients.ts");
    return redisLine(this.#member.declaration, this.#cluster.options);
  }
}

/** By ioredis, over one connection of each worker to each member. Spec D5. */
export const redis: Backend<RedisCall | RedisBatch, RedisLink> = {
  connect: (member, cluster) => new RedisLink(member, cluster),

  start(call, link, control) {
    control.onCancel(() => {
      if (control.reason === "timeout") link.ranOut(control.started);
    });
    const { line } = link;
    return line?.ready === true ? send(line, call, link) : later(link, call, control);
  },

  failure: redisFailure,

  close: (link) => link.close(),
};

const resultOf = (data: unknown): Result<unknown> => new Result(data);

function send(line: RedisLine, call: RedisCall | RedisBatch, link: RedisLink): Promise<Result<unknown>> {
  if (call instanceof RedisBatch) return line.batch(call).then((replies) => link.resultOf(replies, call));
  return line.send(call.command.name, call.args, call.bytes).then(resultOf);
}

/** A call that is given up while it waits for a connection is never sent. */
async function later(
  link: RedisLink,
  call: RedisCall | RedisBatch,
  control: Control,
): Promise<Result<unknown>> {
  const line = await link.open();
  if (control.reason !== undefined) throw new RedisUnsent(undefined);
  return send(line, call, link);
}
