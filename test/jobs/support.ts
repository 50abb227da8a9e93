import { join } from "node:path";
import type { TestClient } from "../../src/testing/index.ts";

export const script = join(import.meta.dir, "fixtures/serve.ts");

/** Both kinds of hosts do the same. */
export const kinds = ["thread", "process"] as const;
export type Kind = (typeof kinds)[number];

export interface Answer {
  readonly result?: unknown;
  readonly error?: {
    readonly name: string;
    readonly message: string;
    readonly code?: string;
    readonly cause?: {
      readonly name: string;
      readonly message: string;
      readonly code?: string;
      readonly deep?: string;
    };
  };
}

export interface Asked {
  readonly job: string;
  readonly args?: readonly unknown[];
  /** Seconds. */
  readonly timeout?: number;
  /** Milliseconds. */
  readonly abort?: number;
}

/** Runs one job of the fixture. */
export async function run(
  cli: TestClient,
  kind: Kind,
  job: string,
  args: readonly unknown[] = [],
  rest: Omit<Asked, "job" | "args"> = {},
): Promise<Answer> {
  const body: Asked = { job, args, ...rest };
  return (await cli.post<Answer>(`/?in=${kind}`, body)).data;
}
