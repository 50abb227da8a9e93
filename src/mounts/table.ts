import { database } from "../corequest/database.ts";
import { SkitaiError } from "../errors.ts";
import { tableHandler } from "../gateway/table-handler.ts";
import type { Comparison, Filter, TableRequest } from "../gateway/table-request.ts";
import { TableRules } from "../gateway/table-request.ts";
import { guarded } from "./guarded.ts";
import type { Mount, MountKind } from "./mount.ts";
import { aliasOf } from "./target.ts";

/** `mount("/photos", "@photosdb", { tables: { photos: ["id", "title"] } })`: rows as JSON, to read only. Spec G1. */
export const table = {
  open(target, { point, relay, preference }): Mount {
    const { alias, base } = aliasOf(target)!;
    if (base !== "")
      throw new SkitaiError("MOUNT_INVALID", {
        name: `mount("${point || "/"}")`,
        value: target,
        accepted: `"${alias.name}" without a path: tables are named by the option tables`,
      });
    const { tables } = preference.options;
    if (tables === undefined)
      throw new SkitaiError("MOUNT_INVALID", {
        name: `mount("${point || "/"}", "${target as string}")`,
        accepted: 'the option tables, like { tables: { photos: ["id", "title"] } }: none is shown by itself',
      });
    const handler = tableHandler(new TableRules(tables), (asked) => rows(alias.name, asked));
    return {
      label: `database ${alias.name}`,
      final: false,
      respond: guarded(alias, relay.gateway, handler),
    };
  },
} satisfies MountKind;

const lookups: Readonly<Record<Comparison, string>> = {
  "=": "exact",
  "<>": "neq",
  "<": "lt",
  "<=": "lte",
  ">": "gt",
  ">=": "gte",
  in: "in",
  "is null": "isnull",
  "is not null": "isnotnull",
};

const condition = ({ column, comparison, values }: Filter): Record<string, unknown> => {
  const value = comparison === "in" ? values : values.length === 0 ? true : values[0];
  return { [`${column}__${lookups[comparison]}`]: value };
};

function rows(name: string, asked: TableRequest): Promise<readonly Record<string, unknown>[]> {
  let select = database(name as never)
    .select(asked.table)
    .get(...asked.columns);
  for (const filter of asked.filters) select = select.filter(condition(filter));
  for (const { column, descending } of asked.order)
    select = select.orderBy(descending ? `-${column}` : column);
  return select.limit(asked.limit).offset(asked.offset).execute().fetch();
}
