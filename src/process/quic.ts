import type { Settings } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";

/**
 * Which worker it is: those of TCP have numbers, and the one of HTTP/3 is alone. QUIC connections do not survive that the
 * kernel spreads packets anew over a changed SO_REUSEPORT group, so one process gets them all, and the next one of a reload
 * nothing before that is gone. Spec T4.
 */
export type WorkerIndex = number | "quic";

/** How long (ms) the last packets may take to leave, and to be asked for again. */
const linger = 250;

/** The UDP port of HTTP/3; `undefined` without. */
export const quicPort = ({ quic, port }: Pick<Settings, "quic" | "port">): number | undefined =>
  quic === false ? undefined : quic === true ? port : quic;

/** `Alt-Svc` of answers by TCP (RFC 7838 §3): an authority of the same host, good for a day. */
export function altSvcOf(settings: Pick<Settings, "quic" | "port" | "quicPublicPort">): string | undefined {
  const port = quicPort(settings);
  return port === undefined ? undefined : `h3=":${settings.quicPublicPort || port}"; ma=86400`;
}

/** What is wrong with `quic`. */
export const badQuic = ({ quic, secure }: Settings): SkitaiError[] =>
  quic === false || secure
    ? []
    : [
        new SkitaiError("OPTION_INVALID", {
          name: "quic",
          value: quic,
          accepted: "false without enableSsl, HTTP/3 is always encrypted",
        }),
      ];

/**
 * Bun says that a server has stopped when its last answers are written: they are sent a moment later, and a process that has
 * ended sends nothing.
 */
export const flushQuic = (): Promise<void> => Bun.sleep(linger);
