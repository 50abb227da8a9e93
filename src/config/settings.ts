/** A duration in seconds, or text with a unit: `"30s"`, `"5m"`, `"2h"`, `"1d"`. */
export type Duration = number | string;
/** A size in bytes, or text with a unit: `"64kb"`, `"2gb"`. */
export type Size = number | string;

/** Option values as the engine uses them: durations are seconds, sizes bytes. */
export interface Settings {
  readonly address: string;
  readonly port: number;
  readonly workers: number;
  readonly name: string;
  readonly devel: boolean;
  readonly silent: boolean;
  readonly threads: number;
  readonly keepAlive: number;
  readonly requestTimeout: number;
  readonly startTimeout: number;
  readonly maxRequests: number;
  readonly maxMemory: number;
  readonly maxAge: number;
  readonly criticalCpu: number;
  readonly criticalChecks: number;
  readonly criticalInterval: number;
  readonly graceTimeout: number;
  readonly maxUploadSize: number;
  readonly trustedProxies: readonly string[];
  readonly logFormat: "text" | "json";
  readonly logMaxSize: number;
  readonly logKeep: number;
  readonly compression: boolean;
  readonly dotFiles: "deny" | "allow";
  readonly staticMemory: number;
  /** Seconds. */
  readonly shutdownDelay: number;
  readonly user: string;
  readonly umask: string;
  readonly admin: string;
  readonly runDirectory: string;
  /** No option: whether `enableSsl` was called. */
  readonly secure: boolean;
  readonly http2: boolean;
  /** True for the number of `port`. */
  readonly quic: boolean | number;
  /** 0 for that of `quic`. */
  readonly quicPublicPort: number;
  readonly hsts: number;
  readonly smtpda: boolean;
  readonly profile: boolean;
  readonly gc: boolean;
  readonly memtrack: boolean;
}

/** What `run()` takes; a missing one falls to the environment, then the default. */
export interface RunOptions {
  address?: string;
  port?: number | string;
  workers?: number | "auto";
  name?: string;
  devel?: boolean;
  silent?: boolean;
  threads?: number | string;
  keepAlive?: Duration;
  requestTimeout?: Duration;
  startTimeout?: Duration;
  maxRequests?: number;
  maxMemory?: Size;
  maxAge?: Duration;
  criticalCpu?: number;
  criticalChecks?: number;
  criticalInterval?: Duration;
  graceTimeout?: Duration;
  maxUploadSize?: Size;
  trustedProxies?: string | readonly string[];
  logFormat?: "text" | "json";
  logMaxSize?: Size;
  logKeep?: number;
  compression?: boolean;
  dotFiles?: "deny" | "allow";
  staticMemory?: Size;
  shutdownDelay?: Duration;
  user?: string;
  umask?: string;
  admin?: string;
  runDirectory?: string;
  http2?: boolean;
  quic?: boolean | number | string;
  quicPublicPort?: number;
  hsts?: Duration;
  smtpda?: boolean;
  profile?: boolean;
  gc?: boolean;
  memtrack?: boolean;
}
