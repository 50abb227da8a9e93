import type { Fields, RelayedAnswer } from "../http/relay.ts";
import type { Asked } from "./asked.ts";
import { cacheStatus } from "./entry.ts";
import { endToEnd, listOf, valueOf, without } from "./fields.ts";
import type { Stored } from "./stored.ts";
import { selectionOf } from "./vary.ts";
import { judge, type Times } from "./verdict.ts";

/** Fields for purges (internal) and what is made anew in every answer. */
const internal: ReadonlySet<string> = new Set(["cache-tag", "surrogate-key"]);
const renewed: ReadonlySet<string> = new Set([...internal, "age", "content-length", "cache-status"]);
const mostTags = 128;

/** When an answer was fetched. */
export interface Fetched extends Times {
  /** The purge clock when it began. */
  readonly born: number;
}

/**
 * What is to be kept of an answer; `undefined` when it is not.
 * @param before what it confirms
 */
export function toStored(
  asked: Asked,
  key: string,
  answer: Omit<RelayedAnswer, "body">,
  fetched: Fetched,
  before: Stored | undefined,
): Stored | undefined {
  const verdict = judge(asked, answer, fetched);
  if (verdict === undefined) return undefined;
  const { names, fields, freshness } = verdict;
  if (names.some((name) => asked.unseen?.has(name))) return undefined;
  const selection = selectionOf(asked.request.fields, names);
  if (selection === undefined) return undefined;
  return {
    ...freshness,
    key,
    names,
    selection,
    status: answer.status,
    reason: answer.reason,
    fields: without(fields, renewed),
    status211: valueOf(fields, "cache-status"),
    tags: tagsOf(answer.fields) ?? before?.tags ?? [],
    born: fetched.born,
  };
}

/** Tags of `Cache-Tag` (commas) and `Surrogate-Key` (spaces); `undefined` when it has neither. */
function tagsOf(fields: Fields): readonly string[] | undefined {
  const [tags, keys] = [valueOf(fields, "cache-tag"), valueOf(fields, "surrogate-key")];
  if (tags === undefined && keys === undefined) return undefined;
  const all = [
    ...listOf(tags ?? ""),
    ...(keys ?? "")
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean),
  ];
  return [...new Set(all)].slice(0, mostTags);
}

/** The fields of an answer that is not from the store. */
export function passedOn(fields: Fields, how: string): Fields {
  const before = valueOf(fields, "cache-status");
  const rest = endToEnd(fields).filter(([name]) => {
    const lower = name.toLowerCase();
    return lower !== "cache-status" && !internal.has(lower);
  });
  return [...rest, cacheStatus(how, before)];
}
