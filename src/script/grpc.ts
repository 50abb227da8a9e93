import type { GrpcOptions, GrpcServices } from "../config/grpc-options.ts";
import { declaration } from "./declaration.ts";

/**
 * Serves gRPC on a port of its own, shared by all workers: HTTP/2 at once, or TLS with the certificates of `enableSsl`. The
 * health service (`grpc.health.v1.Health`) is there too. Several calls may name one port. Spec T5.
 * ```ts
 * skitai.grpc(50051, "./greeter.proto", {
 *   "greet.Greeter": {
 *     sayHello: (request: { name: string }, call) => ({ text: `Hello ${request.name}` }),
 *     async *listHellos(request: { name: string }, call) {
 *       while (!call.signal.aborted) yield { text: `Hello ${request.name}` };
 *     },
 *     async collect(requests: AsyncIterable<{ name: string }>) {
 *       const all = await Array.fromAsync(requests);
 *       return { text: `Hello ${all.length} of you` };
 *     },
 *   },
 * });
 * ```
 * Handlers fail by `throw new GrpcError("NOT_FOUND", "no such pet")`; other errors are logged, and INTERNAL to the client.
 * @param port 1 to 65535
 * @param file below the script's directory; its imports are found beside it, in the script's directory and in `includeDirs`
 */
export const grpc = (port: number, file: string, services: GrpcServices, options?: GrpcOptions): void =>
  declaration.serveGrpc(port, file, services, options);
