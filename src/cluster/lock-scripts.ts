import { Script } from "./script.ts";

/**
 * The value of a lock is its machine and a token. A machine gives a lock to one of its own at a time, so one of its own that is
 * still written there has ended: it is replaced at once. Gives the fence, or else nothing.
 */
export const take = new Script(`
local owner = redis.call('GET', KEYS[1])
local own = ARGV[1] .. ' '
if owner and string.sub(owner, 1, #own) ~= own then return 0 end
redis.call('SET', KEYS[1], own .. ARGV[2], 'PX', ARGV[3])
return redis.call('INCR', KEYS[2])
`);

export const renew = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);

/** Tells who waits. */
export const release = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`);
