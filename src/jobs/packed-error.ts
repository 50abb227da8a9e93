/** An error as it is carried from host to worker: whatever a job throws can be copied in this form. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string | number;
  readonly cause?: PackedError;
}

/** Causes of causes that are carried. */
const depth = 5;
/** Characters of a message or a stack that are carried. */
const longest = 16_384;

/** @param error anything that was thrown */
export function packError(error: unknown, left = depth): PackedError {
  if (!(error instanceof Error))
    return { name: "Error", message: Bun.inspect(error, { depth: 2 }).slice(0, longest) };
  const { name, message, stack, cause, code } = error as Error & { code?: unknown };
  return {
    name: String(name),
    message: String(message).slice(0, longest),
    ...(typeof stack === "string" ? { stack: stack.slice(0, longest) } : {}),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(cause === undefined || left === 0 ? {} : { cause: packError(cause, left - 1) }),
  };
}

/** An `Error` with the name, message, stack, code and causes of the one that was thrown. */
export function unpackError({ name, message, stack, code, cause }: PackedError): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause: unpackError(cause) });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
