import { rm } from "node:fs/promises";
import { findContext } from "../context.ts";
import { tempPath } from "../system/temp-directory.ts";

/**
 * A path for a file or a directory, with nothing there yet. What is there is removed when the request has its answer; outside a
 * request, and of a websocket, when the worker ends. Spec U3.
 */
export function gentemp(): string {
  const path = tempPath();
  findContext()?.onEnd(() => void rm(path, { recursive: true, force: true }).catch(() => {}));
  return path;
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyz";

/** The time in ms and seven random letters: ids that sort by time. Spec U3. */
export function uniqid(): string {
  // 256 is no multiple of 36: the first letters come a little more often, which an id may.
  const random = Array.from(crypto.getRandomValues(new Uint8Array(7)), (byte) => letters[byte % 36]);
  return `${Date.now()}${random.join("")}`;
}
