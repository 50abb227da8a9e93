import type { Mirror, Report, Truth } from "../state/mirror.ts";
import type { Link } from "./link.ts";
import { Script } from "./script.ts";

/** ms between two looks at what changed on this machine. */
const pause = 25;
/** ms between two looks at all that others changed, whatever was heard of it. */
const whole = 2000;
/** Names of one call. */
const most = 200;
const channel = "words";
/** Seconds that Redis knows what a machine has added: it may be away for so long. */
const keptFor = 7 * 86_400;

/**
 * For each name its key, the value here, all that was added here, how much of that is known, whether somebody gave it a value, the
 * number of a set or "", the time of a change or "". What a machine has added is compared with what it had added when it said so
 * last, so a call that comes twice adds once. Numbers of Lua have 53 bits, as those of words.
 */
const script = new Script(`
local values, parts = KEYS[1], KEYS[2]
local changed, out = {}, {}
local function text(number) return string.format('%.0f', number) end
for i = 4, #ARGV, 7 do
  local key, value, own, sent, known, set, at = unpack(ARGV, i, i + 6)
  local before = redis.call('HGET', values, 'v' .. key)
  local difference = tonumber(own) - tonumber(redis.call('HGET', parts, key) or sent)
  local isNew = false
  if set ~= '' and redis.call('HGET', parts, 's' .. key) ~= set then
    redis.call('HSET', values, 'v' .. key, value)
    redis.call('HSET', parts, 's' .. key, set)
    isNew = true
  elseif not before and known == '1' then
    redis.call('HSET', values, 'v' .. key, value)
    isNew = true
  elseif difference ~= 0 then
    redis.call('HINCRBY', values, 'v' .. key, text(difference))
    isNew = true
  end
  if isNew then redis.call('HSET', parts, key, own) end
  if at ~= '' then
    local last = tonumber(redis.call('HGET', values, 't' .. key) or 0)
    redis.call('HSET', values, 't' .. key, text(math.max(tonumber(at), last + 1)))
    redis.call('HINCRBY', values, 'n' .. key, 1)
    isNew = true
  end
  if isNew then changed[#changed + 1] = key end
  local found = redis.call('HMGET', values, 'v' .. key, 't' .. key, 'n' .. key)
  for field = 1, 3 do out[#out + 1] = found[field] or '' end
end
if #changed > 0 then
  redis.call('EXPIRE', parts, ARGV[3])
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. table.concat(changed, ' '))
end
return out
`);

/** Keeps the words of one machine and those in Redis the same. One worker of a machine does it. Spec H5. */
export class WordsKeeper {
  readonly #link: Link;
  readonly #mirror: Mirror;
  readonly #machine: string;
  /** How often each name changed, as this worker heard last. */
  readonly #changes = new Map<string, number>();
  #wanted = new Set<string>();
  #all = true;
  #allAt = 0;
  #ended = false;
  #running: Promise<void> | undefined;

  constructor(link: Link, mirror: Mirror) {
    this.#link = link;
    this.#mirror = mirror;
    this.#machine = mirror.machine();
  }

  begin(): void {
    this.#link.listen(channel, (text) => {
      const [machine, ...keys] = text.split(" ");
      if (machine !== this.#machine) for (const key of keys) this.#wanted.add(key);
    });
    this.#link.onUp(() => (this.#all = true));
    this.#running = this.#keep();
  }

  /** @returns when what was changed here is in Redis, if it answers */
  async end(): Promise<void> {
    this.#ended = true;
    // Another worker does it.
    if (this.#running === undefined) return;
    await this.#running;
    await this.#exchange().catch(() => {});
  }

  async #keep(): Promise<void> {
    while (!this.#ended) {
      if (Date.now() - this.#allAt > whole) this.#all = true;
      try {
        if (this.#link.up) await this.#exchange();
      } catch {
        // What was not settled is said again: the script counts it once.
        this.#all = true;
      }
      if (!this.#ended) await Bun.sleep(pause);
    }
  }

  async #exchange(): Promise<void> {
    const [wanted, all] = [this.#wanted, this.#all];
    this.#wanted = new Set();
    this.#all = false;
    if (all) this.#allAt = Date.now();
    const reports = this.#mirror.reports((key) => all || wanted.has(key));
    for (let at = 0; at < reports.length; at += most) await this.#tell(reports.slice(at, at + most));
  }

  async #tell(reports: readonly Report[]): Promise<void> {
    const args = reports.flatMap(({ key, value, own, sent, known, set, change }) => [
      key,
      String(value),
      String(own),
      String(sent),
      known ? 1 : 0,
      set ?? "",
      change === undefined ? "" : String(change.time),
    ]);
    const keys = ["values", `parts:${this.#machine}`];
    const head = [this.#link.prefix + channel, this.#machine, keptFor];
    const reply = (await this.#link.run(script, keys, [...head, ...args])) as string[];
    for (const [index, report] of reports.entries())
      this.#mirror.settle(report, this.#truth(report, reply.slice(3 * index, 3 * index + 3)));
  }

  #truth({ key, change }: Report, [value = "", time = "", count = ""]: readonly string[]): Truth {
    const before = this.#changes.get(key);
    const changes = Number(count);
    this.#changes.set(key, changes);
    const expected = (before ?? 0) + (change === undefined ? 0 : 1);
    return {
      value: value === "" ? undefined : BigInt(value),
      time: BigInt(time || 0),
      changed: before !== undefined && changes > expected,
    };
  }
}
