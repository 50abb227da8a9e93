import { type ArgsDef, defineCommand } from "citty";
import { SkitaiError } from "../../src/errors.ts";
import {
  type AgentFlags,
  type AgentOption,
  agentOptions,
  agentSettings,
} from "../../src/mail/agent-settings.ts";
import { countMails, dropMails, queuedMails, type QueuedMail, retryMails } from "../../src/mail/queue.ts";
import { fail } from "../terminal.ts";

const optionNames = Object.keys(agentOptions) as AgentOption[];

/** A flag of citty for each row; all are text, so that what was not given is not there. */
const flagArguments = Object.fromEntries(
  optionNames.map((name) => {
    const row = agentOptions[name];
    const isFlag = "flag" in row;
    return [
      name,
      {
        type: isFlag ? ("boolean" as const) : ("string" as const),
        description: `${row.help}${row.default === "" ? "" : ` (default: ${row.default})`}`,
      },
    ];
  }),
) satisfies ArgsDef;

const actions = [
  "start",
  "stop",
  "restart",
  "reload",
  "status",
  "queue",
  "retry",
  "drop",
  "install",
  "remove",
] as const;
type Action = (typeof actions)[number];

/** Exit code of `status` when it does not run, as the LSB says of init scripts. */
const notRunning = 3;

/** `skitai smtpda start`. Spec M3, M4. */
export const smtpda = defineCommand({
  meta: {
    name: "smtpda",
    description:
      "The mail agent: sends what apps have put into the spool; without an action it runs in this terminal",
  },
  args: {
    action: { type: "positional", required: false, description: `One of ${actions.join(", ")}` },
    id: {
      type: "positional",
      required: false,
      description: "Of a mail, or all: what retry and drop are for",
    },
    json: { type: "boolean", default: false, description: "status and queue as JSON" },
    root: { type: "string", description: "install below this directory, for an image; systemd is not told" },
    "fallback-user": {
      type: "string",
      description: "whom an installed agent runs as (default: root, for the mail of all users)",
    },
    ...flagArguments,
  },
  async run({ args }) {
    try {
      const { action, id, json } = args as { action?: string; id?: string; json: boolean };
      const flags = givenFlags(args);
      // What is wrong is said before anything starts or stops.
      agentSettings(flags);
      if (action === undefined) return (await import("../../src/process/smtpda.ts")).runAgent(flags);
      if (!(actions as readonly string[]).includes(action))
        throw new SkitaiError("OPTION_UNKNOWN", {
          name: action,
          accepted: `unknown action, known are ${actions.join(", ")}`,
        });
      const place = args as { root?: string; "fallback-user"?: string };
      process.exit(
        await run(action as Action, { id, json, flags, root: place.root, user: place["fallback-user"] }),
      );
    } catch (error) {
      fail(error);
    }
  },
});

/** Only what the command line says: a flag that is missing falls to the file. */
function givenFlags(args: Readonly<Record<string, unknown>>): AgentFlags {
  const given = optionNames.filter((name) => args[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, String(args[name])]));
}

interface Words {
  readonly id: string | undefined;
  readonly json: boolean;
  readonly flags: AgentFlags;
  readonly root: string | undefined;
  readonly user: string | undefined;
}

async function run(action: Action, { id, json, flags, root, user }: Words): Promise<number> {
  switch (action) {
    case "start":
      return start(flags);
    case "stop":
      return stop();
    case "restart":
      await stop();
      return start(flags);
    case "reload":
      return reload();
    case "status":
      return status(json);
    case "queue":
      return queue(json);
    case "retry":
      return say(`${retryMails(chosen(id, action))} to be tried now`);
    case "drop":
      return say(`${dropMails(chosen(id, action))} deleted`);
    case "install":
    case "remove": {
      const { installAgent, removeAgent } = await import("../../src/process/smtpda-install.ts");
      return say(action === "install" ? installAgent(root, user, flags) : removeAgent(root));
    }
  }
}

const say = (text: string): number => {
  process.stdout.write(`${text}\n`);
  return 0;
};

async function start(flags: AgentFlags): Promise<number> {
  const { startAgent } = await import("../../src/process/smtpda-start.ts");
  const { pid, started } = await startAgent(flags);
  return say(started ? `smtpda started, pid ${pid}` : `smtpda runs already, pid ${pid}`);
}

async function stop(): Promise<number> {
  const pid = await (await import("../../src/process/smtpda-start.ts")).stopAgent();
  return say(pid === undefined ? "smtpda does not run" : "smtpda stopped");
}

async function reload(): Promise<number> {
  const { RunningAgent } = await import("../../src/process/smtpda-place.ts");
  const pid = await RunningAgent.find()?.signal("SIGHUP");
  say(pid === undefined ? "smtpda does not run" : "smtpda reads its settings anew");
  return pid === undefined ? 7 : 0;
}

async function status(json: boolean): Promise<number> {
  const { RunningAgent, systemAgent } = await import("../../src/process/smtpda-place.ts");
  const agent = await RunningAgent.find()
    ?.status()
    .catch(() => undefined);
  const system = systemAgent();
  const running = agent !== undefined || system !== undefined;
  const counts = countMails();
  if (json) say(JSON.stringify({ running, pid: system, ...agent, ...mails(counts) }));
  else {
    say(
      agent === undefined
        ? system === undefined
          ? "smtpda does not run"
          : `smtpda of this system runs, pid ${system}`
        : `smtpda runs, pid ${agent.pid}, since ${Math.round(agent.uptime)} s: ${agent.delivered} delivered, ${agent.deferred} put off, ${agent.undelivered} given up`,
    );
    say(`${counts.queued} mails queued, ${counts.undelivered} undelivered`);
  }
  return running ? 0 : notRunning;
}

/** What waits now; the counters of the agent count what it did. */
const mails = ({ queued, undelivered }: ReturnType<typeof countMails>) => ({
  queue: { queued, undelivered },
});

/** A line each as they are read: there may be many. */
function queue(json: boolean): number {
  let count = 0;
  for (const mail of queuedMails()) {
    process.stdout.write(json ? `${count === 0 ? "[" : ","}${JSON.stringify(mail)}\n` : `${lineOf(mail)}\n`);
    count += 1;
  }
  if (json) say(count === 0 ? "[]" : "]");
  else if (count === 0) say("no mail waits");
  return 0;
}

const lineOf = ({ id, state, from, to, tries, at, words }: QueuedMail): string =>
  [
    id,
    state,
    new Date(at * 1000).toISOString().replace(/\.\d+/, ""),
    `${tries} tries`,
    `${from} → ${to.slice(0, 3).join(", ")}${to.length > 3 ? ` and ${to.length - 3} more` : ""}`,
    Object.values(words)[0] ?? "",
  ]
    .filter(Boolean)
    .join("  ");

function chosen(id: string | undefined, action: string): string | undefined {
  if (id === undefined)
    throw new SkitaiError("OPTION_INVALID", {
      name: `smtpda ${action}`,
      accepted: "the id of a mail, or all",
    });
  return id === "all" ? undefined : id;
}
