import type { Settings } from "../config/settings.ts";
import { SkitaiError } from "../errors.ts";
import type { RefusedMessage } from "./messages.ts";
import { claimPort, claimUdpPort } from "./port.ts";
import { abort } from "./prepare.ts";
import { quicPort } from "./quic.ts";
import { currentRole } from "./role.ts";
import { isOneOfMany } from "./run-directory.ts";
import { ServiceFiles } from "./service-files.ts";

/**
 * Makes this process the one service of its name, with a real port of its own; else says why not and ends with exit code 1.
 * The lock comes before the port, so that of two starts at once exactly one wins.
 */
export async function occupy(asked: Settings): Promise<{ settings: Settings; files: ServiceFiles }> {
  const many = isOneOfMany(asked);
  try {
    const files = many ? undefined : await ServiceFiles.take(asked, many);
    const settings = { ...asked, port: claimPort(asked.address, asked.port) };
    const udp = quicPort(settings);
    if (udp !== undefined) await claimUdpPort(settings.address, udp);
    return { settings, files: files ?? (await ServiceFiles.take(settings, many)) };
  } catch (error) {
    return refuse(error);
  }
}

/** A daemon's output is shared with the one that runs: its command says what this one has to say. */
export function refuse(error: unknown): never {
  if (currentRole() !== "daemon" || !(error instanceof SkitaiError)) return abort([error]);
  const message: RefusedMessage = { type: "refused", message: error.message };
  process.send?.(message);
  process.exit(1);
}
