/** One command of Redis, as every call of it sees it. */
export interface RedisCommand {
  /** Lower case, as ioredis knows it. */
  readonly name: string;
  /** `GET` */
  readonly label: string;
  /** It changes nothing, and may be sent again. */
  readonly reads: boolean;
  /** Why it does not go over a connection that all calls share. */
  readonly refused: string | undefined;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Flag `readonly` of COMMAND INFO, and those that ask the server about itself. */
const reading = words(`
  arcount arget argetrange argrep arinfo arlastitems arlen armget arnext arop arscan bitcount bitfield_ro bitpos dbsize digest
  dump echo eval_ro evalsha_ro exists expiretime fcall_ro geodist geohash geopos georadius_ro georadiusbymember_ro geosearch get
  getbit getrange hexists hexpiretime hget hgetall hkeys hlen hmget hpexpiretime hpttl hrandfield hscan hstrlen httl hvals info
  keys lastsave lcs lindex llen lolwut lpos lrange mget pexpiretime pfcount ping pttl randomkey role scan scard sdiff sdiffcard
  sinter sintercard sismember smembers smismember sort_ro srandmember sscan strlen substr sunion sunioncard time touch ttl type
  vcard vdim vemb vgetattr vinfo vismember vlinks vrandmember vrange vsim xlen xpending xrange xread xrevrange zcard zcount zdiff
  zinter zintercard zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex
  zrevrangebyscore zrevrank zscan zscore zunion`);

const changing = words(`
  acl append ardel ardelrange arinsert armset arring arseek arset backup bgrewriteaof bgsave bitfield bitop cluster command config
  copy debug decr decrby del delex eval evalsha expire expireat failover fcall flushall flushdb function geoadd georadius
  georadiusbymember geosearchstore getdel getex getset hdel hexpire hexpireat hgetdel hgetex hincrby hincrbyfloat hmset hotkeys
  hpersist hpexpire hpexpireat hset hsetex hsetnx incr incrby incrbyfloat increx latency linsert lmove lmovem lmpop lpop lpush
  lpushx lrem lset ltrim memory migrate module move mset msetex msetnx object persist pexpire pexpireat pfadd pfdebug pfmerge
  pfselftest psetex publish pubsub rename renamenx replicaof restore restore-asking rpop rpoplpush rpush rpushx sadd save script
  sdiffstore sentinel set setbit setex setnx setrange shutdown sinterstore slaveof slowlog smove sort spop spublish srem
  sunionstore swapdb trimslots unlink vadd vrem vsetattr xack xackdel xadd xautoclaim xcfgset xclaim xdel xdelex xgroup
  xidmprecord xinfo xnack xreadgroup xsetid xtrim zadd zdiffstore zincrby zinterstore zmpop zpopmax zpopmin zrangestore zrem
  zremrangebylex zremrangebyrank zremrangebyscore zunionstore`);

/** They hold the connection until something happens elsewhere. */
const blocking = [
  "blmove",
  "blmovem",
  "blmpop",
  "blpop",
  "brpop",
  "brpoplpush",
  "bzmpop",
  "bzpopmax",
  "bzpopmin",
  "wait",
  "waitaof",
] as const;

/** They change what the connection is to everybody else. */
const stateful = [
  "asking",
  "auth",
  "client",
  "discard",
  "exec",
  "hello",
  "himport",
  "monitor",
  "psubscribe",
  "psync",
  "punsubscribe",
  "quit",
  "readonly",
  "readwrite",
  "replconf",
  "reset",
  "select",
  "ssubscribe",
  "subscribe",
  "sunsubscribe",
  "sync",
  "unsubscribe",
  "unwatch",
  "watch",
] as const;

/** Commands that need a connection of their own: `raw()`. */
export type RefusedCommand = (typeof blocking)[number] | (typeof stateful)[number];

const waits = "it waits, and with it every call of this connection; take one of your own: await redis.raw()";
const changes = "it changes the connection that all calls share; take one of your own: await redis.raw()";

const described = (name: string, reads: boolean, refused?: string): [string, RedisCommand] => [
  name,
  { name, label: name.toUpperCase(), reads, refused },
];

/** By name; those of ioredis 6, of Redis 8. */
export const redisCommands: ReadonlyMap<string, RedisCommand> = new Map([
  ...reading.map((name) => described(name, true)),
  ...changing.map((name) => described(name, false)),
  ...blocking.map((name) => described(name, false, waits)),
  ...stateful.map((name) => described(name, false, changes)),
  described("multi", false, 'redis.multi([["set", "a", 1], ["incr", "b"]])'),
]);

/** Any command; one that is not known is taken for one that changes something. */
export const redisCommand = (name: string): RedisCommand =>
  redisCommands.get(name.toLowerCase()) ?? described(name.toLowerCase(), false)[1];

/** XREAD and XREADGROUP wait when they are told to. */
export function refusal({ name, refused }: RedisCommand, args: readonly unknown[]): string | undefined {
  if (name !== "xread" && name !== "xreadgroup") return refused;
  const end = args.findIndex((arg) => typeof arg === "string" && arg.toLowerCase() === "streams");
  const head = args.slice(0, end < 0 ? undefined : end);
  return head.some((arg) => typeof arg === "string" && arg.toLowerCase() === "block") ? waits : undefined;
}
