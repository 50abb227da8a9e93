import { statSync } from "node:fs";
import type { TlsDeclaration } from "../config/tls-options.ts";
import { filesOf, readSetup, type TlsSetup } from "./setup.ts";

/** What is done with news about the files. */
export interface Reactions {
  /** A valid setup that differs from the last one: new workers are to have it. */
  readonly renewed: () => void;
  /** One line: why what is there now is not used, or a warning about what is. */
  readonly warn: (text: string) => void;
}

/**
 * The certificates of a service, in the master: read at start, read again when their files change. Files are looked at,
 * not watched: renewal tools replace links, directories and files in many ways. Spec T1.
 */
export class Certificates {
  readonly #declared: TlsDeclaration;
  readonly #base: string;
  readonly #files: readonly string[];
  readonly #reactions: Reactions;
  #setup: TlsSetup;
  /** Of the files as they were taken or refused last. */
  #settled: string;
  /** Of the files at the last look: what changes still is not read yet. */
  #seen: string;

  /** @throws AggregateError of SkitaiError TLS_INVALID */
  constructor(declared: TlsDeclaration, base: string, reactions: Reactions) {
    this.#declared = declared;
    this.#base = base;
    this.#reactions = reactions;
    this.#files = filesOf(declared, base);
    this.#seen = this.#settled = this.#fingerprint();
    this.#setup = readSetup(declared, base);
    this.#warn();
  }

  /** What serves now, or is about to. */
  get setup(): TlsSetup {
    return this.#setup;
  }

  /** Looks every `interval` ms. */
  watch(interval = 1000): void {
    if (this.#files.length > 0) setInterval(() => this.look(), interval).unref();
  }

  /** Takes files that have changed, and not since the last look: a certificate and its key are not written at once. */
  look(): void {
    const now = this.#fingerprint();
    const changing = now !== this.#seen;
    this.#seen = now;
    if (changing || now === this.#settled) return;
    if (this.refresh()) this.#reactions.renewed();
  }

  /** Reads the files now if they have changed. @returns whether there is something new to serve */
  refresh(): boolean {
    const now = this.#fingerprint();
    if (now === this.#settled) return false;
    this.#settled = this.#seen = now;
    try {
      const setup = readSetup(this.#declared, this.#base);
      if (Bun.deepEquals(setup, this.#setup)) return false;
      this.#setup = setup;
      this.#warn();
      return true;
    } catch (error) {
      this.#reactions.warn(`${(error as Error).message}; the certificates of before stay in use`);
      return false;
    }
  }

  #warn(): void {
    for (const { warning } of this.#setup.identities)
      if (warning !== undefined) this.#reactions.warn(`enableSsl: ${warning}`);
  }

  #fingerprint(): string {
    return this.#files.map(stampOf).join("\n");
  }
}

/** Changes whenever the file is written, replaced or gone. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "-" : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
