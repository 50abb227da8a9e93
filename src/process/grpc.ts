import type { Declaration } from "../config/declaration.ts";
import type { Settings } from "../config/settings.ts";
import type { CallParts } from "../rpc/grpc/call.ts";
import type { GrpcServer } from "../rpc/grpc/server.ts";
import type { Reply } from "../server/reply.ts";
import type { SharedScope } from "./place.ts";

/** What gRPC calls share with requests. */
type SharedParts = SharedScope &
  Pick<CallParts, "access" | "unlogged" | "log" | "next"> & { readonly reply: Reply };

/**
 * The gRPC servers of a declaration, which do not listen yet. Nothing is loaded for none.
 * @throws SkitaiError OPTION_INVALID for a file, a service or a method that there is not
 */
export async function openGrpc(
  { grpc }: Pick<Declaration, "grpc">,
  { address, devel, silent }: Settings,
  { trusted, idPrefix, access, unlogged, log, next, reply }: SharedParts,
): Promise<GrpcServer[]> {
  if (grpc.length === 0) return [];
  const { GrpcServer } = await import("../rpc/grpc/server.ts");
  return await GrpcServer.open(grpc, {
    address,
    devel,
    scope: { trusted, idPrefix, mountPoint: "", debug: devel && !silent },
    access,
    unlogged,
    log,
    next,
    served: () => void reply.served++,
  });
}
