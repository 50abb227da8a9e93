import type { Rate, RateLimiter, Take } from "../state/limiter.ts";
import type { Link } from "./link.ts";
import { Script } from "./script.ts";

/** GCRA (ITU-T I.371), as in the memory of one machine, by the clock of Redis. Times are microseconds. */
const script = new Script(`
local interval, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
paid = math.min(paid, now + whole)
if paid + interval > now + whole then return { 0, paid - now } end
paid = paid + interval
redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', math.ceil((paid - now) / 1000))
return { 1, paid - now }
`);

/** Counts for all machines; while Redis is away, for this one. Spec G3. */
export class ClusterLimiter implements RateLimiter {
  readonly #link: Link;
  readonly #local: RateLimiter;

  constructor(link: Link, local: RateLimiter) {
    this.#link = link;
    this.#local = local;
  }

  take(key: string, rate: Rate): Take | Promise<Take> {
    return this.#link.up ? this.#shared(key, rate) : this.#local.take(key, rate);
  }

  async #shared(key: string, rate: Rate): Promise<Take> {
    const interval = Math.ceil((rate.period * 1e6) / rate.limit);
    const whole = rate.burst * interval;
    let reply: [number, number];
    try {
      reply = (await this.#link.run(script, [`rate:${key}`], [interval, whole])) as [number, number];
    } catch {
      return this.#local.take(key, rate);
    }
    const allowed = reply[0] === 1;
    const owed = reply[1];
    return {
      allowed,
      remaining: allowed ? Math.floor((whole - owed) / interval) : 0,
      wait: Math.max(0, owed + interval - whole) / 1e6,
      reset: owed / 1e6,
    };
  }
}
