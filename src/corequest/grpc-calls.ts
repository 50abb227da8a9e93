import type { GrpcMetadataInit } from "../config/grpc-options.ts";
import { SkitaiError } from "../errors.ts";
import {
  loadProtoSync,
  type MessageOptions,
  type Method,
  methodsOf,
  servicesOf,
} from "../grpc/definitions.ts";
import type { Cluster } from "../upstream/cluster.ts";
import { grpc } from "./backends/grpc.ts";
import { ReplyStream } from "./grpc-stream.ts";
import { start, startOnAll } from "./start.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** One call of a stub. */
export interface Sending {
  readonly cluster: Cluster;
  readonly request: object;
  readonly metadata: GrpcMetadataInit;
  /** Seconds. */
  readonly timeout: number | undefined;
  readonly idempotent: boolean;
  readonly all: boolean;
}

/** Methods by service, by file and how its messages are shown. They live as long as the process. */
const loaded = new Map<string, ReadonlyMap<string, Method>>();

/**
 * Methods of a service, called `sayHello` or `SayHello`.
 * @throws SkitaiError OPTION_INVALID for a file or a service that there is not
 */
export function openService(
  file: string,
  service: string,
  shown: MessageOptions,
): ReadonlyMap<string, Method> {
  const key = JSON.stringify([file, service, shown]);
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const definition = loadProtoSync(file, shown);
  const methods = methodsOf(definition, service);
  if (methods === undefined)
    throw refused(service, `a service of ${file}: ${servicesOf(definition).join(", ") || "there is none"}`);
  const named = new Map(
    [...methods].flatMap(([name, method]) => [
      [name, method],
      [name.charAt(0).toLowerCase() + name.slice(1), method],
    ]),
  );
  loaded.set(key, named);
  return named;
}

/** Begins a call: a task for one reply, else a stream of them. */
export function callMethod(
  method: Method,
  { cluster, request, metadata, timeout, idempotent, all }: Sending,
): Task | Tasks<Task[]> | ReplyStream {
  const label = method.path.slice(1);
  if (method.requestStream && !isIterable(request))
    throw refused(request, `an iterable of messages for ${label}`);
  if (method.responseStream) {
    if (all) throw refused(label, "methods with one reply for .map");
    return new ReplyStream(cluster, { label, method, request, metadata, timeout });
  }
  if (all && method.requestStream) throw refused(label, "methods with one request for .map");
  const call = { label, method, request, metadata, idempotent: idempotent && !method.requestStream };
  return all ? startOnAll(grpc, cluster, call, { timeout }) : start(grpc, cluster, call, { timeout });
}

const isIterable = (value: object): boolean => Symbol.asyncIterator in value || Symbol.iterator in value;

export const refused = (value: unknown, accepted: string): SkitaiError =>
  new SkitaiError("OPTION_INVALID", { name: "was.grpc", value, accepted });
