import { type Ask, method, type Send } from "./http-calls.ts";

export const get = method<Ask>("GET");
export const head = method<Ask>("HEAD");
export const options = method<Ask>("OPTIONS");
export const trace = method<Ask>("TRACE");
/** `delete` is a word of the language. */
export const del = method<Ask>("DELETE");
export const post = method<Send>("POST");
export const put = method<Send>("PUT");
export const patch = method<Send>("PATCH");
/** `multipart/form-data`, by POST: fields, and files as `Blob` or `Bun.file`. */
export const upload = method<Send>("POST", true);
