import { availableParallelism } from "node:os";
import { expect, test } from "bun:test";
import { Declaration } from "../../src/config/declaration.ts";
import {
  flagOf,
  optionNames,
  type OptionName,
  optionRow,
  optionTable,
  variableOf,
} from "../../src/config/options.ts";
import type { RunOptions, Settings } from "../../src/config/settings.ts";
import { validate } from "../../src/config/validate.ts";

interface Said {
  readonly words?: string[];
  readonly env?: Record<string, string>;
  readonly run?: RunOptions;
}

function read({ words = [], env = {}, run = {} }: Said): { settings: Settings; errors: string[] } {
  const declaration = new Declaration(words);
  declaration.set(run);
  const { settings, errors } = validate(declaration, env);
  return { settings, errors: errors.map(({ message }) => message) };
}

/** For each option: values that are taken, with what becomes of them, and values that are not. */
const values: Record<OptionName, { good: [unknown, unknown][]; bad: unknown[] }> = {
  address: {
    good: [
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
      ["a.b-c", "a.b-c"],
    ],
    bad: ["a b", "", "a/b"],
  },
  port: {
    good: [
      ["0", 0],
      [65535, 65535],
      ["80", 80],
    ],
    bad: ["65536", "-1", "1.5", "http", "0x50", "1e3", " "],
  },
  workers: {
    good: [
      ["1", 1],
      [1024, 1024],
      ["auto", availableParallelism()],
    ],
    bad: ["0", "1025", "-1", "2.5", "many"],
  },
  threads: {
    good: [
      ["2", 2],
      [1024, 1024],
    ],
    bad: ["1", "1025", "2.5", "auto"],
  },
  name: { good: [["my.app-1_x", "my.app-1_x"]], bad: ["my app", "a/b", "x".repeat(65), "ü"] },
  devel: {
    good: [
      ["true", true],
      ["off", false],
      [true, true],
      ["1", true],
    ],
    bad: ["2", "devel"],
  },
  silent: {
    good: [
      ["yes", true],
      ["no", false],
    ],
    bad: ["2", "y"],
  },
  keepAlive: {
    good: [
      ["30s", 30],
      [1, 1],
      ["2m", 120],
      ["255", 255],
    ],
    bad: ["0", "256", "5m", "soon", "-1"],
  },
  requestTimeout: {
    good: [
      ["1d", 86400],
      ["1500ms", 1.5],
    ],
    bad: ["0", "2d", "999ms", "1 w"],
  },
  maxRequests: { good: [["0", 0]], bad: ["-1", "1.5"] },
  maxMemory: { good: [["1kb", 1024]], bad: ["-1", "much"] },
  maxAge: { good: [["1d", 86400]], bad: ["-1", "366d"] },
  criticalCpu: { good: [["90", 90]], bad: ["0", "all"] },
  criticalChecks: { good: [["3", 3]], bad: ["0", "1001"] },
  criticalInterval: { good: [["20s", 20]], bad: ["-1", "2d"] },
  startTimeout: {
    good: [
      ["0.5s", 0.5],
      [5, 5],
    ],
    bad: ["0", "2d", "soon"],
  },
  graceTimeout: {
    good: [
      ["0", 0],
      [0.5, 0.5],
      ["1h", 3600],
    ],
    bad: ["-1", "25h", "x"],
  },
  maxUploadSize: {
    good: [
      ["64kb", 65536],
      [0, 0],
      ["1.5kb", 1536],
      ["2GB", 2 ** 31],
    ],
    bad: ["1zb", "-1", "x"],
  },
  trustedProxies: {
    good: [
      ["10.0.0.0/8 ::1", ["10.0.0.0/8", "::1"]],
      ["10.1.2.3,fd00::/8", ["10.1.2.3", "fd00::/8"]],
    ],
    bad: ["10.0.0.0/33", "localhost", "10.0.0", "::1/129"],
  },
  logFormat: {
    good: [
      ["text", "text"],
      ["json", "json"],
    ],
    bad: ["xml", "JSON"],
  },
  logMaxSize: {
    good: [
      ["0", 0],
      ["64mb", 64 * 1024 ** 2],
    ],
    bad: ["-1", "big"],
  },
  logKeep: {
    good: [
      ["1", 1],
      [365, 365],
    ],
    bad: ["0", "1.5", "all"],
  },
  shutdownDelay: {
    good: [
      ["0", 0],
      ["5s", 5],
    ],
    bad: ["-1", "2h"],
  },
  user: {
    good: [
      ["www-data", "www-data"],
      ["33:adm", "33:adm"],
      ["host$", "host$"],
    ],
    bad: ["a b", ":adm", "a:", "a:b:c", "root;id"],
  },
  umask: {
    good: [
      ["027", "027"],
      ["0077", "0077"],
    ],
    bad: ["8", "1777", "rw"],
  },
  admin: {
    good: [
      ["127.0.0.1:9000", "127.0.0.1:9000"],
      ["[::1]:9000", "[::1]:9000"],
    ],
    bad: ["9000", "::1:9000", "localhost"],
  },
  runDirectory: { good: [["/run/petstore", "/run/petstore"]], bad: [] },
  compression: {
    good: [
      ["false", false],
      ["on", true],
    ],
    bad: ["gzip"],
  },
  dotFiles: { good: [["allow", "allow"]], bad: ["yes"] },
  staticMemory: {
    good: [
      ["0", 0],
      ["64mb", 64 * 1024 ** 2],
    ],
    bad: ["65gb", "-1mb"],
  },
  http2: { good: [["false", false]], bad: ["h2c"] },
  quic: {
    good: [
      ["true", true],
      ["1", true],
      [true, true],
      ["off", false],
      ["4433", 4433],
      [65535, 65535],
    ],
    bad: ["65536", "udp", "-1", "4433.5"],
  },
  quicPublicPort: {
    good: [
      ["443", 443],
      [0, 0],
    ],
    bad: ["65536", "true"],
  },
  hsts: {
    good: [
      ["0", 0],
      ["365d", 31_536_000],
    ],
    bad: ["-1", "11y", "3651d"],
  },
  profile: { good: [["1", true]], bad: ["2"] },
  smtpda: { good: [["1", true]], bad: ["2"] },
  gc: { good: [["1", true]], bad: ["2"] },
  memtrack: { good: [["1", true]], bad: ["2"] },
};

for (const name of optionNames) {
  const { accepted } = optionRow(name);
  const takesValue = new Declaration([]).commandLine.engineFlags.find(
    ({ option }) => option === name,
  )!.placeholder;

  test(`[O2] ${name}: values by variable and run() are taken or refused in one line`, () => {
    for (const [value, becomes] of values[name].good) {
      const sources: Said[] = [{ run: { [name]: value } as RunOptions }];
      if (typeof value === "string") sources.push({ env: { [variableOf(name)]: value } });
      if (typeof value === "string" && takesValue) sources.push({ words: [`${flagOf(name)}=${value}`] });
      for (const said of sources) {
        const { settings, errors } = read(said);
        expect(errors).toEqual([]);
        expect(settings[name]).toEqual(becomes as Settings[typeof name]);
      }
    }
    for (const value of values[name].bad as string[]) {
      const line = (said: string): string =>
        `${said}: ${JSON.stringify(value)} is not accepted; accepted: ${accepted}`;
      expect(read({ run: { [name]: value } as RunOptions }).errors).toEqual([line(name)]);
      if (value !== "")
        expect(read({ env: { [variableOf(name)]: value } }).errors).toEqual([line(variableOf(name))]);
      if (takesValue)
        expect(read({ words: [`${flagOf(name)}=${value}`] }).errors).toEqual([line(flagOf(name))]);
    }
  });
}

test("[E15] precedence: flag, SKITAI_*, common variable, script, default", () => {
  const words = ["--port=1", "--address=f", "--workers=1"];
  const own = { SKITAI_PORT: "2", SKITAI_ADDRESS: "s", SKITAI_WORKERS: "2" };
  const common = { PORT: "3", HOST: "c", WEB_CONCURRENCY: "3" };
  const run = { port: 4, address: "r", workers: 4 };
  const taken = (said: Said): unknown[] => {
    const { settings, errors } = read(said);
    expect(errors).toEqual([]);
    return [settings.port, settings.address, settings.workers];
  };
  expect(taken({ words, env: { ...own, ...common }, run })).toEqual([1, "f", 1]);
  expect(taken({ env: { ...own, ...common }, run })).toEqual([2, "s", 2]);
  expect(taken({ env: common, run })).toEqual([3, "c", 3]);
  expect(taken({ run })).toEqual([4, "r", 4]);
  expect(taken({})).toEqual([5000, "0.0.0.0", 1]);
  // A variable that is set to nothing is not set.
  expect(taken({ env: { PORT: "", SKITAI_ADDRESS: "", WEB_CONCURRENCY: "" }, run })).toEqual([4, "r", 4]);
});

test("[E15] a wrong value that a better source overrides does not matter", () => {
  expect(read({ words: ["--port=1"], env: { PORT: "http" } }).errors).toEqual([]);
});

test("[E15] several wrong ones are all said, and unknown names of run() too", () => {
  const { errors } = read({
    words: ["--port=x", "--nope"],
    env: { SKITAI_NAME: "a b" },
    run: { keepAlive: "soon", prot: 1 } as RunOptions,
  });
  expect(errors.map((message) => message.split(":")[0])).toEqual([
    "--nope",
    "prot",
    "--port",
    "SKITAI_NAME",
    "keepAlive",
  ]);
});

test("[E15] every default is accepted, and settings cannot be changed", () => {
  const { settings, errors } = read({});
  expect(errors).toEqual([]);
  expect(Object.keys(settings)).toEqual(["secure", ...Object.keys(optionTable)]);
  expect(Object.isFrozen(settings)).toBe(true);
});

test("[E15] flags and variables are made of the option's name", () => {
  expect([flagOf("maxUploadSize"), variableOf("maxUploadSize")]).toEqual([
    "--max-upload-size",
    "SKITAI_MAX_UPLOAD_SIZE",
  ]);
  expect([flagOf("memtrack"), variableOf("memtrack")]).toEqual(["---memtrack", "SKITAI_MEMTRACK"]);
});
