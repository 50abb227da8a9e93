import { expect, test } from "bun:test";
import { CommandLine } from "../../src/config/arguments.ts";
import { nearest } from "../../src/config/nearest.ts";
import { SkitaiError } from "../../src/errors.ts";

/** A line with the script's own `-D, --dist` and `-b, --db=DB_NAME`. */
function lineOf(...words: string[]): CommandLine {
  const line = new CommandLine(words);
  line.add("-D", "--dist", "distribute mode");
  line.add("-b", "--db=DB_NAME", "use specified database");
  return line;
}

const problems = (...words: string[]): string[] =>
  lineOf(...words)
    .problems()
    .map(({ message }) => message);

test("[O1] long, short, =value, separate value, joined value and bundles", () => {
  for (const words of [["--db=mine"], ["--db", "mine"], ["-b", "mine"], ["-bmine"], ["-Db", "mine"]]) {
    const line = lineOf(...words);
    expect(line.get("--db")).toBe("mine");
    expect(line.get("-b")).toBe("mine");
    expect(line.problems()).toEqual([]);
  }
  for (const words of [["-D"], ["--dist"], ["-Dd"]]) expect(lineOf(...words).get("--dist")).toBe(true);
});

test("[O1] the value of the first name that was given; nothing for what was not, or is not known", () => {
  expect(lineOf("-D").get("--db", "-D")).toBe(true);
  expect(lineOf("--db=x", "-D").get("-D", "--db")).toBe(true);
  expect(lineOf("--db=x", "-D").get("--db", "-D")).toBe("x");
  expect(lineOf().get("-D", "--dist")).toBeUndefined();
  expect(lineOf("--nope").get("--nope")).toBeUndefined();
});

test("[O1] the last one wins; values may be empty, hold = and start with a dash", () => {
  expect(lineOf("--db=a", "--db", "b").get("--db")).toBe("b");
  expect(lineOf("--db=").get("--db")).toBe("");
  expect(lineOf("--db=a=b").get("--db")).toBe("a=b");
  expect(lineOf("--db", "-5").get("--db")).toBe("-5");
});

test("[O1] what follows -- is the script's own: neither option, command nor error", () => {
  const line = lineOf("-D", "--", "--db=x", "--nope", "strat", "start");
  expect(line.get("--dist")).toBe(true);
  expect(line.get("--db")).toBeUndefined();
  expect(line.command).toBeUndefined();
  expect(line.problems()).toEqual([]);
});

test("[O1] an option that is added later is seen later", () => {
  const line = new CommandLine(["--late=1"]);
  expect(line.get("--late")).toBeUndefined();
  expect(line.problems()).toHaveLength(1);
  line.add(null, "--late=N", "added later");
  expect(line.get("--late")).toBe("1");
  expect(line.problems()).toEqual([]);
});

test("[O1] names that are malformed, the engine's or taken are refused", () => {
  const refusal = (short: string | null, long: string): string => {
    try {
      lineOf().add(short, long, "text");
    } catch (error) {
      expect(error).toBeInstanceOf(SkitaiError);
      expect((error as SkitaiError).code).toBe("OPTION_INVALID");
      return (error as SkitaiError).message;
    }
    throw new Error(`${short} ${long} was taken`);
  };
  for (const [short, long] of [
    [null, "db"],
    [null, "-db"],
    [null, "---db"],
    [null, "---gc"],
    [null, "--"],
    [null, "--a b"],
    ["-DB", "--good"],
    ["D", "--good"],
    ["--D", "--good"],
    ["-1", "--good"],
  ] as const)
    expect(refusal(short, long)).toEndWith('accepted: names like ("-D", "--dist") or (null, "--db=DB_NAME")');
  expect(refusal(null, "--port=PORT")).toBe(
    'addOption: "--port" is not accepted; accepted: a name that is not taken (--port: port to listen on, 0 for any free one)',
  );
  expect(refusal(null, "--help")).toContain("--help: show this help");
  expect(refusal("-d", "--database")).toBe(
    'addOption: "-d" is not accepted; accepted: a name that is not taken (--daemon: start as daemon, like the command start)',
  );
  expect(refusal(null, "--dist=HOW")).toContain("--dist: distribute mode");
  expect(refusal("-D", "--other")).toContain("--dist: distribute mode");
});

test("[O2] an unknown option names the nearest one, the script's included", () => {
  expect(problems("--prot=1")).toEqual(["--prot: unknown option, did you mean --port?"]);
  expect(problems("--worker", "2")).toEqual(["--worker: unknown option, did you mean --workers?"]);
  expect(problems("--dits")).toEqual(["--dits: unknown option, did you mean --dist?"]);
  expect(problems("--profile")).toEqual(["--profile: unknown option, did you mean ---profile?"]);
  expect(problems("--something-else")).toEqual(["--something-else: unknown option, see --help"]);
  expect(problems("-X")).toEqual(["-X: unknown option, see --help"]);
  expect(problems("--constructor", "--__proto__")).toHaveLength(2);
});

test("[O2] an unknown word names the nearest command; the value of an unknown option is none", () => {
  expect(problems("strat")).toEqual(["strat: unknown command, did you mean start?"]);
  expect(problems("serve.json")).toEqual(["serve.json: unknown command, see --help"]);
  expect(problems("--prot", "5000", "x")).toEqual([
    "--prot: unknown option, did you mean --port?",
    "x: unknown command, see --help",
  ]);
  expect(problems("--prot=1", "start")).toHaveLength(1);
});

test("[O2] missing and superfluous values are errors", () => {
  expect(problems("--db")).toEqual(["--db: needs a value: --db=DB_NAME"]);
  expect(problems("--dist=yes", "--devel=1")).toEqual(["--dist: takes no value", "--devel: takes no value"]);
});

test("[O5] a command by its word, its short and its long flag", () => {
  for (const words of [["start"], ["-d"], ["--daemon"], ["-D", "start"], ["-Dd"]])
    expect(lineOf(...words).command).toBe("start");
  for (const words of [[], ["--db", "start"], ["-D"]]) expect(lineOf(...words).command).toBeUndefined();
});

test("[O2] the nearest name is one typing slip away, or one in three letters", () => {
  const names = ["start", "status", "stop", "restart", "reload"];
  expect(nearest("strat", names)).toBe("start");
  expect(nearest("sotp", names)).toBe("stop");
  expect(nearest("statu", names)).toBe("status");
  expect(nearest("reloaad", names)).toBe("reload");
  expect(nearest("restrat", names)).toBe("restart");
  expect(nearest("install", names)).toBeUndefined();
  expect(nearest("", names)).toBeUndefined();
  expect(nearest("start", [])).toBeUndefined();
});
