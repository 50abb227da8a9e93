import { descriptorPath, openLimits, openWords, privateWords, takeDescriptor } from "./file.ts";
import { initializeLimits, limitsLength, MemoryLimiter } from "./limit-memory.ts";
import type { RateLimiter } from "./limiter.ts";
import type { MemoryWords } from "./memory.ts";
import type { Mirror } from "./mirror.ts";
import type { Words } from "./words.ts";

const variable = "SKITAI_STATE";
/** Where a child has the file: the first descriptor behind stdin, stdout and stderr. */
const handedDescriptor = 3;

/** What a process says to a child that is to share its words. */
interface Handed {
  readonly parent: number;
  readonly names: readonly string[];
}

/** Before the script runs: children of the app are not the ones it is for. */
const handed = takeHanded();
const names = new Set<string>(handed?.names);
let descriptor: number | undefined;
let memory: MemoryWords | undefined;
/** A thread that was let in. */
let joined = false;

function takeHanded(): Handed | undefined {
  const text = process.env[variable];
  if (text === undefined || !Bun.isMainThread) return undefined;
  delete process.env[variable];
  const said = JSON.parse(text) as Handed;
  // A child that the app makes inherits the environment this process was started with, but not the file.
  return said.parent === process.ppid ? said : undefined;
}

/** Lets this process use `more` names. */
export function registerNames(more: readonly string[]): void {
  for (const name of more) names.add(name);
}

/**
 * Opens the words of the service and gives each registered name its place.
 * @throws SkitaiError STATE_INVALID when there is none left, or the service was started by another version
 */
export function claimNames(): void {
  if (names.size > 0) open().claim();
}

/** The integers that this process may use, by name. */
export function stateValues(): Record<string, number> {
  const words = processWords();
  return Object.fromEntries([...names].map((name) => [name, words.getgs(name)]));
}

/** The words of this process: its service's in a worker and in what a worker hands them to, else of its own. */
export const processWords = (): Words => memory ?? open();

function open(): MemoryWords {
  memory ??= handed === undefined ? privateWords(names) : openHanded();
  return memory;
}

function openHanded(): MemoryWords {
  descriptor = takeDescriptor(handedDescriptor);
  return openWords(descriptorPath(descriptor), names);
}

/** Variables for a child whose `stdio[3]` is the file, so that it opens that, and may use these names. */
export function childVariables(allowed: readonly string[]): Record<string, string> {
  const said: Handed = { parent: process.pid, names: allowed };
  return { [variable]: JSON.stringify(said) };
}

/** How others of this worker come to its words. */
export interface SharedWords {
  /** For `stdio[3]` of a child process, beside `childVariables(names)` in its environment. */
  readonly descriptor: number;
  /** For `shareWords` in a thread of this process. */
  readonly path: string;
  readonly names: readonly string[];
}

/** @returns `undefined` where the words are those of this process alone */
export function sharedWords(): SharedWords | undefined {
  if (handed !== undefined) open();
  if (descriptor === undefined) return undefined;
  return { descriptor, path: descriptorPath(descriptor), names: [...names] };
}

let limiter: RateLimiter | undefined;

/** Counts for this process: with its service in a worker, else alone. Spec G3. */
export function processLimiter(): RateLimiter {
  if (limiter !== undefined) return limiter;
  const shared = sharedWords();
  const memory =
    shared === undefined ? initializeLimits(new Uint8Array(limitsLength)) : openLimits(shared.path);
  limiter = new MemoryLimiter(memory);
  return limiter;
}

/** Makes `counting` the limiter of this process. */
export const installLimiter = (counting: RateLimiter): void => void (limiter = counting);

/** For a cluster that shares the words of this process. */
export function processMirror(): Mirror {
  memory ??= open();
  return memory.mirror();
}

/** Whether the words of this process are those of a service. */
export const sharesWords = (): boolean => handed !== undefined || joined;

/** Makes the words in `path` those of this thread. */
export function shareWords({ path, names: more }: Pick<SharedWords, "path" | "names">): void {
  registerNames(more);
  memory = openWords(path, names);
  joined = true;
}
