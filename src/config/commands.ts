/** What the command line can ask for besides serving: a word, or its flag. Spec O2, O5, W6. */
export interface CommandRow {
  readonly short: string;
  readonly long: string;
  readonly help: string;
}

/** The one table of commands; `process/commands.ts` says what each does. */
export const commandTable = {
  start: { short: "-d", long: "--daemon", help: "start as daemon, like the command start" },
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof commandTable;

export const commandNames = Object.keys(commandTable) as CommandName[];
