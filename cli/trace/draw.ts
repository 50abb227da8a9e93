import type { LoggedEntry } from "./log-line.ts";
import type { CallTree, Node, PlacedEntry } from "./tree.ts";

/** Paints a word; without colours it stays as it is. */
type Paint = (text: string, style: Style) => string;
type Style = "id" | "good" | "bad" | "faint";

const codes: Readonly<Record<Style, string>> = { id: "1", good: "32", bad: "31", faint: "2" };
const painted: Paint = (text, style) => `\x1b[${codes[style]}m${text}\x1b[0m`;
const plain: Paint = (text) => text;

/** What logs have of clients must not steer a terminal. */
const shown = (text: string): string => text.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, "?");

/** The tree as lines for people. */
export function drawTree(gtxnid: string, { roots, others }: CallTree, colours: boolean): string {
  const paint = colours ? painted : plain;
  const lines = roots.flatMap((root) => {
    const line =
      root.call === undefined
        ? ""
        : ` ${paint(`called as ${root.call}, its caller is in none of these logs`, "faint")}`;
    return [requestText(root, root, paint) + line, ...branches(root, root, "", paint)];
  });
  const rest =
    others.length === 0
      ? []
      : [
          "of requests that are in none of these logs:",
          ...others.map((entry) => `  ${entryText(entry, paint, "    ")}`),
        ];
  const count = countOf(roots);
  return `${[`${gtxnid}: ${count} ${count === 1 ? "request" : "requests"}`, ...lines, ...rest].join("\n")}\n`;
}

const countOf = (nodes: readonly Node[]): number =>
  nodes.reduce((sum, { calls }) => sum + 1 + countOf(calls), 0);

type Branch =
  { readonly at: number; readonly node: Node } | { readonly at: number; readonly entry: PlacedEntry };

function branches(node: Node, root: Node, before: string, paint: Paint): string[] {
  const all: Branch[] = [
    ...node.entries.map((entry) => ({ at: entry.time, entry })),
    ...node.calls.map((call) => ({ at: call.start, node: call })),
  ].sort((one, other) => one.at - other.at);
  return all.flatMap((branch, index) => {
    const isLast = index === all.length - 1;
    const [head, below] = [before + (isLast ? "└─ " : "├─ "), before + (isLast ? "   " : "│  ")];
    return "entry" in branch
      ? [head + (branch.entry.ambiguous ? "? " : "") + entryText(branch.entry, paint, `${below}  `)]
      : [head + requestText(branch.node, root, paint), ...branches(branch.node, root, below, paint)];
  });
}

function requestText(node: Node, root: Node, paint: Paint): string {
  const { ltxnid, method, host, uri, status, worker, handling, transfer, start, ambiguous } = node;
  const after = node === root ? new Date(start).toISOString() : `+${Math.max(start - root.start, 0)} ms`;
  return [
    paint(String(ltxnid), "id") + (ambiguous ? "?" : ""),
    shown(`${method} ${uri}`),
    paint(String(status), status >= 500 ? "bad" : "good"),
    `${handling + transfer} ms`,
    paint(
      shown(`(${handling} handling, ${transfer} transfer) ${after} ${worker} ${host} ${node.file}`),
      "faint",
    ),
  ].join("  ");
}

const entryText = ({ type, text }: LoggedEntry, paint: Paint, indent: string): string =>
  `${paint(shown(type), type === "expt" || type === "error" ? "bad" : "faint")}  ${shown(text).replaceAll("\n", `\n${indent}`)}`;
