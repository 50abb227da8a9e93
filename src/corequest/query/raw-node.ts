import { AliasNode, type OperationNode, RawNode } from "kysely";
import type { Scope } from "./executor.ts";
import { expression, identifier } from "./names.ts";
import { type AliasedRaw, Raw, Reference } from "./raw.ts";
import { bindRaw } from "./values.ts";

/** @throws SkitaiError QUERY_INVALID */
export const renderRaw = ({ strings, values }: Raw, scope: Scope): OperationNode =>
  RawNode.create(
    strings,
    values.map((value) => renderValue(value, scope)),
  );

export const renderAliased = ({ raw, name }: AliasedRaw, scope: Scope): OperationNode =>
  AliasNode.create(renderRaw(raw, scope), identifier(name));

function renderValue(value: unknown, scope: Scope): OperationNode {
  if (value instanceof Raw) return renderRaw(value, scope);
  return value instanceof Reference ? expression(value.name).node : bindRaw(value, scope.dialect);
}
