/** What a process that runs the script is there for. One environment variable, so that script and executable are one path. */
export type Role = "master" | "worker" | "plan";

export const roleVariable = "SKITAI_ROLE";
const bootVariable = "SKITAI_BOOT";

export function currentRole(): Role {
  const role = process.env[roleVariable];
  return role === "worker" || role === "plan" ? role : "master";
}

/** What the master has decided and a worker takes as it is. */
export interface Boot<Settings> {
  readonly settings: Settings;
  readonly index: number;
}

/** Environment of a worker: the master's own, with its role and what it has to know. */
export const workerEnvironment = <Settings>(boot: Boot<Settings>): Record<string, string | undefined> => ({
  ...process.env,
  [roleVariable]: "worker",
  [bootVariable]: JSON.stringify(boot),
  // `fetch` waits for others above 256 at once by default; a proxy or a bridged app must not.
  BUN_CONFIG_MAX_HTTP_REQUESTS: process.env["BUN_CONFIG_MAX_HTTP_REQUESTS"] ?? "65336",
});

/** Takes what the master said out of the environment, so that no child of the app inherits it. */
export function takeBoot<Settings>(): Boot<Settings> {
  const text = process.env[bootVariable];
  delete process.env[bootVariable];
  delete process.env[roleVariable];
  if (text === undefined) throw new Error(`${bootVariable} is missing: workers are started by a master`);
  return JSON.parse(text) as Boot<Settings>;
}
