import type { Context } from "../context.ts";
import { SkitaiError } from "../errors.ts";
import type { Admission, Gateway } from "../gateway/gateway.ts";
import type { Cluster } from "../upstream/cluster.ts";

type Respond = (request: Request, context: Context, admission?: Admission) => Response | Promise<Response>;

/**
 * What stands behind an alias, reached only by whom the gateway lets in, if there is one. Spec G1, G2.
 * @throws SkitaiError ALIAS_INVALID for roles and sources that nobody would look at
 */
export function guarded(
  { name, options }: Cluster,
  gateway: Gateway | undefined,
  respond: Respond,
): (request: Request, context: Context) => Response | Promise<Response> {
  if (gateway === undefined) {
    if (options.role !== undefined || options.source !== undefined)
      throw new SkitaiError("ALIAS_INVALID", {
        name: `alias("${name}")`,
        accepted: "role and source only with enableGateway, which looks at them",
      });
    return respond;
  }
  const guard = gateway.guardOf({ name, options });
  return async (request, context) => {
    const asked = guard(request, context);
    const admission = asked instanceof Promise ? await asked : asked;
    const response = await respond(request, context, admission);
    for (const [field, value] of admission.answerFields) response.headers.append(field, value);
    return response;
  };
}
