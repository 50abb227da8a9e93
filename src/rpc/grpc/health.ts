import { fromJSON } from "@grpc/proto-loader";
import { GrpcError } from "../../grpc/error.ts";
import type { Handler } from "./handlers.ts";

/** grpc/health/v1/health.proto. Written here because an executable has no files of packages. */
export const healthDefinition = fromJSON(
  {
    nested: {
      grpc: {
        nested: {
          health: {
            nested: {
              v1: {
                nested: {
                  HealthCheckRequest: { fields: { service: { type: "string", id: 1 } } },
                  HealthCheckResponse: {
                    fields: { status: { type: "ServingStatus", id: 1 } },
                    nested: {
                      ServingStatus: {
                        values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 },
                      },
                    },
                  },
                  Health: {
                    methods: {
                      Check: { requestType: "HealthCheckRequest", responseType: "HealthCheckResponse" },
                      Watch: {
                        requestType: "HealthCheckRequest",
                        responseType: "HealthCheckResponse",
                        responseStream: true,
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  } as Parameters<typeof fromJSON>[0],
  { enums: String, defaults: true },
);

export const healthService = "grpc.health.v1.Health";

/** SERVING until it drains, for the server (`""`) and each of its services. */
export class Health {
  readonly handlers: Readonly<Record<string, Handler>> = {
    check: (request) => this.#check(nameIn(request)),
    watch: (request, { signal }) => this.#watch(nameIn(request), signal),
  };
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #isDraining = false;

  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
  }

  drain(): void {
    this.#isDraining = true;
    for (const wake of this.#watchers) wake();
  }

  #check(service: string): object {
    if (!this.#services.has(service)) throw new GrpcError("NOT_FOUND", `unknown service ${service}`);
    return { status: this.#isDraining ? "NOT_SERVING" : "SERVING" };
  }

  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<object, void> {
    const known = this.#services.has(service);
    // health.proto: the call of an unknown one stays open, for it might appear.
    yield known ? this.#check(service) : { status: "SERVICE_UNKNOWN" };
    if (!this.#isDraining) await this.#change(signal);
    if (known && !signal.aborted) yield this.#check(service);
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        resolve();
      };
      this.#watchers.add(wake);
      if (signal.aborted) wake();
      else signal.addEventListener("abort", wake, { once: true });
    });
  }
}

const nameIn = (request: unknown): string => (request as { service: string }).service;
