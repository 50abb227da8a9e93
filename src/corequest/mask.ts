import { Result } from "./result.ts";
import { Task } from "./task.ts";

/** Data that is there already, in the dress of a task. Spec Q4. */
export function mask<Data>(data: Data, error?: Error, statusCode?: number): Task<Data> {
  const code = statusCode ?? (error === undefined ? 200 : 500);
  const parts = { statusCode: code, reason: error?.message ?? "OK", error };
  return new Task(new Result(data, parts), { alias: "", label: "Mask" });
}
