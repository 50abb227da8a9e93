import { SkitaiError } from "../errors.ts";
import { mountOptionErrors } from "./mount-options.ts";
import type { Extension, MountOptions, Preference, PreferenceOptions } from "./mount-types.ts";
import { abspath } from "./paths.ts";
import { acceptedPoint, isPoint, normalizedPoint } from "./points.ts";

/** A module that extends an app, and where: `""` is the app's own root, else `/apis`. */
export interface PlacedExtension {
  readonly point: string;
  readonly module: Extension;
}

/** What one mount is to be like. Spec E8. */
export class MountPreference implements Preference {
  readonly config: Record<string, unknown>;
  readonly options: MountOptions;
  readonly extensions: PlacedExtension[] = [];
  /** Mistakes in the calls of `mount`. */
  readonly errors: SkitaiError[] = [];
  readonly #given: PreferenceOptions;

  constructor(given: PreferenceOptions = {}) {
    const { path: _, config, useReloader: __, ...options } = given;
    this.#given = given;
    this.options = Object.freeze(options);
    this.config = isRecord(config) ? { ...config } : {};
  }

  /** Directory that relative paths of the mount start from. Absolute. */
  get base(): string {
    const { path } = this.#given;
    return typeof path === "string" ? abspath(path) : abspath();
  }

  /** Whether the service reloads when a file of this mount changes, in production too. */
  get useReloader(): boolean {
    return this.#given.useReloader === true;
  }

  mount(point: string, module: Extension): void {
    if (!isPoint(point)) this.#refuse("pref.mount", point, acceptedPoint);
    else if (!isExtension(module))
      this.#refuse(`pref.mount("${point}")`, module, "an imported module that exports a function __mount__");
    else this.extensions.push({ point: normalizedPoint(point), module });
  }

  /** One for each mount: what a `__setup__` writes into the configuration is its app's alone. */
  copy(): MountPreference {
    const copy = new MountPreference({ ...this.#given, config: this.config });
    copy.extensions.push(...this.extensions);
    return copy;
  }

  /** All that is wrong with the options, for the mount that uses them. */
  optionErrors(point: string): SkitaiError[] {
    return mountOptionErrors(point, this.#given, {
      path: { accepts: (value) => typeof value === "string", accepted: "a directory" },
      config: { accepts: isRecord, accepted: "an object" },
      useReloader: { accepts: (value) => typeof value === "boolean", accepted: "true or false" },
    });
  }

  #refuse(name: string, value: unknown, accepted: string): void {
    this.errors.push(new SkitaiError("MOUNT_INVALID", { name, value, accepted }));
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isExtension = (value: unknown): boolean => isRecord(value) && typeof value["__mount__"] === "function";
