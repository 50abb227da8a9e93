/** What the command line can ask for besides serving: a word, or its flag. Spec O2, O5, W6. */
export interface CommandRow {
  readonly short?: string;
  readonly long?: string;
  readonly help: string;
}

/** The one table of commands; `process/commands.ts` says what each does. */
export const commandTable = {
  start: { short: "-d", long: "--daemon", help: "start as daemon, like the command start" },
  stop: {
    short: "-s",
    long: "--stop",
    help: "stop the service and wait until it is gone; 0 when none runs, too",
  },
  restart: { short: "-r", long: "--restart", help: "stop the service when it runs, then start it as daemon" },
  reload: {
    help: "replace the workers without losing a request; 1 when the new version does not start, 7 when it does not run",
  },
  status: { help: "show the service and its workers (--json); ends with 0 when it runs, with 3 when not" },
  install: {
    help: "make a systemd service that starts with these options; needs root, like update and remove",
  },
  update: { help: "refresh the systemd service, with these options" },
  remove: { help: "stop the systemd service and delete it" },
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof commandTable;

export const commandNames = Object.keys(commandTable) as CommandName[];
