import { dirname } from "node:path";
import type { Logged, LoggedEntry, LoggedRequest } from "./log-line.ts";

/** An entry of a request. */
export interface PlacedEntry extends LoggedEntry {
  /** Several requests of this id may have written it. */
  readonly ambiguous: boolean;
}

/** A request with what happened in it. */
export interface Node extends LoggedRequest {
  /** The number its caller gave the call: 1001 of the request 2001; `undefined` where a transaction begins. */
  readonly call: number | undefined;
  /** Several requests may have made this call; the likeliest was taken. */
  ambiguous: boolean;
  readonly entries: PlacedEntry[];
  readonly calls: Node[];
}

export interface CallTree {
  /** Where it began; and requests whose callers are in none of the logs. */
  readonly roots: readonly Node[];
  /** Entries of requests that are in none of the logs. */
  readonly others: readonly LoggedEntry[];
}

const firstLocalId = 1000;
/** Milliseconds that the clocks of two machines may differ. */
const skew = 100;
/** Milliseconds that are lost where durations are rounded. */
const rounding = 3;

/**
 * Puts the requests of one transaction under their callers: a request `2001` was made by the call `1001`, which is the first
 * of `1000`. Local ids alone do not tell the second call of `2001` from the first of `2002`, both are `3003` there: then
 * times decide, and which number is the caller's next. Spec L4, L6.
 */
export function callTree(logged: readonly Logged[]): CallTree {
  const nodes = logged
    .filter((each) => each.kind === "request")
    .map((request): Node => ({
      ...request,
      call: callOf(request.ltxnid),
      ambiguous: false,
      entries: [],
      calls: [],
    }))
    .sort(
      (one, other) => levelOf(one) - levelOf(other) || one.start - other.start || one.ltxnid - other.ltxnid,
    );
  const roots = nodes.filter((node) => {
    const callers = callersOf(node, nodes);
    node.ambiguous = callers.length > 1;
    callers[0]?.calls.push(node);
    return callers.length === 0;
  });
  const others = logged
    .filter((each) => each.kind === "entry")
    .filter((entry) => {
      const owners = ownersOf(entry, nodes);
      owners[0]?.entries.push({ ...entry, ambiguous: owners.length > 1 });
      return owners.length === 0;
    });
  return { roots, others };
}

const levelOf = ({ ltxnid }: Pick<Node, "ltxnid">): number => Math.floor(ltxnid / firstLocalId);
const callOf = (ltxnid: number): number | undefined =>
  ltxnid >= 2 * firstLocalId ? ltxnid - firstLocalId : undefined;

/** Who may have made it, the likeliest first; those that cannot have by the times only when there is no other. */
function callersOf(node: Node, nodes: readonly Node[]): Node[] {
  const { call } = node;
  if (call === undefined) return [];
  const able = nodes.filter((each) => levelOf(each) === levelOf({ ltxnid: call }) && each.ltxnid < call);
  const around = able.filter((each) => contains(each, node));
  const spanning = around.filter((each) => spans(each, node));
  const candidates = [spanning, around, able].find(({ length }) => length > 0) ?? [];
  const isNext = (each: Node): number => Math.abs(call - each.ltxnid - nextOf(each));
  // Of calls one after the other, the earlier caller has made the earlier one.
  return candidates.sort((one, other) => isNext(one) - isNext(other) || one.start - other.start);
}

/** The number of the call that would follow those that are known. */
const nextOf = ({ ltxnid, calls }: Node): number =>
  calls.reduce((most, { call = 0 }) => Math.max(most, call - ltxnid), 0) + 1;

const endOf = ({ start, handling, transfer }: LoggedRequest): number => start + handling + transfer;

function contains(caller: Node, callee: Node): boolean {
  const slack = skew + Math.max(caller.blur, callee.blur);
  return callee.start >= caller.start - slack && endOf(callee) <= endOf(caller) + slack;
}

/** Whether a caller lasted as long as all its calls together: the times of these tell more than its own whole second. */
function spans(caller: Node, node: Node): boolean {
  const calls = [...caller.calls, node];
  const isOneClock = calls.every(({ file }) => dirname(file) === dirname(node.file));
  const slack = Math.max(...calls.map(({ blur }) => blur)) + (isOneClock ? rounding : skew);
  const length = Math.max(...calls.map(endOf)) - Math.min(...calls.map(({ start }) => start));
  return length <= caller.handling + caller.transfer + slack;
}

/** Whose it may be, the likeliest first: of several with its id those that are logged beside it and were at work then. */
function ownersOf(entry: LoggedEntry, nodes: readonly Node[]): Node[] {
  const named = nodes.filter(({ ltxnid }) => ltxnid === entry.ltxnid);
  const beside = named.filter(({ file }) => dirname(file) === dirname(entry.file));
  const owners = beside.length > 0 ? beside : named;
  const nearest = Math.min(...owners.map((node) => gap(entry, node)));
  return owners
    .filter((node) => gap(entry, node) === nearest)
    .sort((one, other) => one.entries.length - other.entries.length || one.start - other.start);
}

/** Milliseconds between the second of an entry and a request; 0 when it may be within. */
const gap = ({ time }: LoggedEntry, node: Node): number =>
  Math.max(node.start - time - 1000, time - endOf(node) - node.blur, 0);
