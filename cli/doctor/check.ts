/** What a check found. Only `wrong` makes the command fail: the engine does without what is `advice`. */
export type State = "ok" | "advice" | "wrong";

export interface Finding {
  readonly state: State;
  /** What is there. */
  readonly value: string;
  /** What follows from it, and what to do; none when all is well. */
  readonly text?: string;
}

/** What the checks look at; tests have another root. */
export interface Machine {
  /** Absolute path in front of all that is looked at; `/` is this machine. */
  readonly root: string;
  readonly uid: number;
  readonly bun: string;
  /** Where services have their files, see `runRoots`. */
  readonly runRoots: readonly string[];
}

export type Check = (machine: Machine) => Finding;

export const ok = (value: string): Finding => ({ state: "ok", value });
export const advice = (value: string, text: string): Finding => ({ state: "advice", value, text });
export const wrong = (value: string, text: string): Finding => ({ state: "wrong", value, text });
