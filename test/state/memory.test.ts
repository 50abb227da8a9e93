import { expect, test } from "bun:test";
import { Declaration } from "../../src/config/declaration.ts";
import { SkitaiError } from "../../src/errors.ts";
import { byteLength, check, initialize, slotCount } from "../../src/state/layout.ts";
import { MemoryWords } from "../../src/state/memory.ts";
import { privateWords } from "../../src/state/file.ts";

const words = (...names: string[]): MemoryWords => privateWords(new Set(names));
const failure = (act: () => unknown): SkitaiError => {
  try {
    act();
  } catch (error) {
    if (error instanceof SkitaiError) return error;
    throw error;
  }
  throw new Error(`did not throw: ${act}`);
};
const limit = Number.MAX_SAFE_INTEGER;

test("[H1] what is set is read; a default holds until then, and a zero that was set is one", () => {
  const state = words("a", "b");
  expect([state.getgs("a"), state.getgs("a", 7)]).toEqual([0, 7]);
  state.setgs("a", 0);
  expect(state.getgs("a", 7)).toBe(0);
  for (const value of [1, -1, 2 ** 31, -(2 ** 40), limit, -limit]) {
    state.setgs("a", value);
    expect(state.getgs("a", 7)).toBe(value);
  }
  expect([state.incgs("b"), state.incgs("b", 41), state.incgs("b", -42), state.getgs("b", 9)]).toEqual([
    1, 42, 0, 0,
  ]);
});

test("[H1] what is no safe integer is refused and changes nothing", () => {
  const state = words("a");
  state.setgs("a", 5);
  for (const wrong of [0.5, Number.NaN, Infinity, 2 ** 53, "1", 1n, null, {}] as number[]) {
    expect(failure(() => state.setgs("a", wrong)).code).toBe("STATE_INVALID");
    expect(failure(() => state.incgs("a", wrong)).code).toBe("STATE_INVALID");
  }
  expect(state.getgs("a")).toBe(5);
  state.setgs("a", limit);
  expect(failure(() => state.incgs("a")).message).toContain('incgs("a"): 9007199254740992 is not accepted');
  expect([state.getgs("a"), state.incgs("a", -1)]).toEqual([limit, limit - 1]);
});

test("[H1] [H2] a name that was not registered is an error that says which are", () => {
  const state = words("hits", "tables.users");
  const calls = [
    () => state.setgs("hit", 1),
    () => state.getgs("hit", 1),
    () => state.incgs("hit"),
    () => state.setlu("hit"),
    () => state.getlu("hits", "hit"),
  ];
  for (const call of calls) {
    const { code, message } = failure(call);
    expect([code, message]).toEqual([
      "STATE_UNKNOWN",
      'name of a state: "hit" is not accepted; accepted: what registerStates() or registerCacheKeys() named before run(): "hits", "tables.users"',
    ]);
  }
  expect(failure(() => words().getgs("a")).message).toEndWith("before run(): nothing");
  expect(failure(() => state.getlu(...([] as unknown as [string]))).code).toBe("STATE_UNKNOWN");
});

test("[H1] a name is one place, whoever registers what in which order", () => {
  const memory = initialize(new Uint8Array(byteLength));
  const all = Array.from({ length: 256 }, (_, index) => `name-${index}`);
  const one = new MemoryWords(memory, new Set(all));
  const other = new MemoryWords(memory, new Set(all.toReversed()));
  other.claim();
  one.claim();
  for (const [index, name] of all.entries()) one.setgs(name, index + 1);
  expect(all.map((name) => other.getgs(name))).toEqual(all.map((_, index) => index + 1));
});

test("[H1] over many reloads names may change, until the service has to be restarted", () => {
  const memory = initialize(new Uint8Array(byteLength));
  const version = (reload: number): MemoryWords =>
    new MemoryWords(memory, new Set(Array.from({ length: 256 }, (_, index) => `v${reload}-${index}`)));
  for (let reload = 0; reload < slotCount / 256; reload++) version(reload).claim();
  const { code, message } = failure(() => version(slotCount / 256).claim());
  expect([code, message]).toEqual([
    "STATE_INVALID",
    'registerStates("v4-0"): 1024 names over all reloads of a service: restart it',
  ]);
  version(0).claim();
});

test("[H1] words of another version, or of nobody, are refused", () => {
  const memory = initialize(new Uint8Array(byteLength));
  expect(check(memory)).toBe(memory);
  expect(failure(() => check(new Uint8Array(byteLength))).code).toBe("STATE_INVALID");
  expect(failure(() => check(memory.subarray(8))).code).toBe("STATE_INVALID");
  memory[0]! += 1;
  expect(failure(() => check(memory)).message).toContain("restart it");
});

test("[H2] times never repeat, so the newest of several changes with each of them", () => {
  const before = Date.now() / 1000;
  const state = words("a", "b", "c");
  const started = state.getlu("a");
  expect(started).toBeGreaterThanOrEqual(before);
  expect(state.getlu("a", "b", "c")).toBe(started);
  let newest = started;
  for (let round = 0; round < 20_000; round++) {
    const name = round % 2 === 0 ? "a" : "b";
    const time = state.setlu(name);
    expect(time).toBeGreaterThan(newest);
    expect([state.getlu(name), state.getlu("c", "a", "b")]).toEqual([time, time]);
    newest = time;
  }
  expect(state.getlu("c")).toBe(started);
  expect(newest).toBeLessThan(Date.now() / 1000 + 0.1);
});

test("[H2] a clock that was set back does not take times back", () => {
  const memory = initialize(new Uint8Array(byteLength));
  const ahead = BigInt(Date.now() + 3_600_000) * 1000n;
  new BigInt64Array(memory.buffer)[2] = ahead;
  const state = new MemoryWords(memory, new Set(["a"]));
  expect([state.setlu("a"), state.setlu("a")]).toEqual([Number(ahead + 1n) / 1e6, Number(ahead + 2n) / 1e6]);
});

test("[H2] listeners of this process hear of a change with its details, until they leave", () => {
  const state = words("a", "b");
  const heard: unknown[] = [];
  const end = state.onChange((...given) => heard.push([...given, state.getlu("a")]));
  const time = state.setlu("a", 1, { id: 2 });
  end();
  end();
  state.setlu("b");
  expect(heard).toEqual([["a", 1, { id: 2 }, time]]);
});

test("[H2] a listener that throws harms nobody: its error is one that nobody caught", () => {
  const child = Bun.spawnSync([process.execPath, new URL("fixtures/listeners.ts", import.meta.url).pathname]);
  expect([child.stdout.toString(), child.stderr.toString()]).toEqual([
    "heard a\nset\nuncaught: listener failed\n",
    "",
  ]);
});

test("[H1] what can be registered", () => {
  const declared = (...calls: unknown[][]): { states: number; errors: string[] } => {
    const declaration = new Declaration([]);
    for (const names of calls) declaration.registerNames("registerStates", names as string[]);
    return { states: declaration.states.size, errors: declaration.errors.map(({ message }) => message) };
  };
  const many = Array.from({ length: 256 }, (_, index) => `name-${index}`);
  expect(declared(["a", "tables.users", "이름"], ["a", "b"])).toEqual({ states: 4, errors: [] });
  expect(declared(many, many)).toEqual({ states: 256, errors: [] });
  expect(declared(many, ["name-0", "one more"])).toEqual({
    states: 256,
    errors: ['registerStates: "one more" is not accepted; accepted: 256 names in all, this makes 257'],
  });
  for (const wrong of ["", "x".repeat(101), 5, null, undefined, ["a"]])
    expect(declared([wrong, "a"])).toMatchObject({
      states: 0,
      errors: [expect.stringContaining("1 to 100")],
    });
  const closed = new Declaration([]);
  closed.close();
  expect(failure(() => closed.registerNames("registerStates", ["a"])).code).toBe("DECLARATION_CLOSED");
});
