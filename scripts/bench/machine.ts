import { cpus, release } from "node:os";

/** Version of a program in one word, or undefined when it is not there. */
async function version(program: string, flag: string): Promise<string | undefined> {
  if (!Bun.which(program)) return undefined;
  const child = Bun.spawn([program, flag], { stdio: ["ignore", "pipe", "pipe"], timeout: 5_000 });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return /\d+\.\d+[\w.]*/.exec(output || errors)?.[0];
}

/** What the numbers depend on besides the servers. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly kernel: string;
  /** Program to version. */
  readonly versions: Readonly<Record<string, string | undefined>>;
}

export async function describeMachine(): Promise<Machine> {
  const [nginx, caddy, node, wrk] = await Promise.all([
    version("nginx", "-v"),
    version("caddy", "version"),
    version("node", "-v"),
    version("wrk", "-v"),
  ]);
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cpus: all.length,
    kernel: release(),
    versions: { bun: Bun.version, nginx, caddy, node, wrk },
  };
}

/** The same as one line. */
export function machineLine({ cpu, cpus: count, kernel, versions }: Machine): string {
  const programs = Object.entries(versions).flatMap(([name, text]) => (text ? [`${name} ${text}`] : []));
  return `${count} x ${cpu}, Linux ${kernel}; ${programs.join(", ")}`;
}
