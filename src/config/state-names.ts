import { SkitaiError } from "../errors.ts";

/** Names that a script can register. Spec H1. */
export const maxNames = 256;
const maxLength = 100;

/**
 * What is wrong with names of shared words.
 * @param call the function they were given to
 * @param known those that are registered already
 */
export function stateNameErrors(
  call: string,
  names: readonly unknown[],
  known: ReadonlySet<string>,
): SkitaiError[] {
  const errors = names
    .filter((name) => !isName(name))
    .map(
      (value) =>
        new SkitaiError("STATE_INVALID", {
          name: call,
          value,
          accepted: `a text of 1 to ${maxLength} characters`,
        }),
    );
  const { size } = new Set([...known, ...names]);
  if (errors.length === 0 && size > maxNames)
    errors.push(
      new SkitaiError("STATE_INVALID", {
        name: call,
        value: names.find(
          (name, at) => new Set([...known, ...names.slice(0, at + 1)]).size > maxNames && name,
        ),
        accepted: `${maxNames} names in all, this makes ${size}`,
      }),
    );
  return errors;
}

const isName = (name: unknown): name is string =>
  typeof name === "string" && name.length > 0 && name.length <= maxLength;
