import { milliseconds, moment, number, percent, size, span } from "./format.ts";
import { badge, code, type Cell, figure, table, text } from "./html.ts";
import type { CacheRow, MemberRow, Overview, ScheduleRow, WorkerRow } from "./overview.ts";

export const workersTable = ({ workers }: Overview): string =>
  table(
    "Workers",
    ["Worker", "State", "Pid", "Up", "Requests/s", "Requests", "CPU", "Memory", "Loop lag", "Restarts"],
    workers.map(workerRow),
  );

const workerRow = (row: WorkerRow): Cell[] => [
  text(`#${row.index}`),
  badge(row.state, row.state === "serving" ? "good" : "warn"),
  figure(String(row.pid)),
  figure(span(row.uptime)),
  figure(number(row.rate)),
  figure(number(row.requests)),
  figure(percent(row.cpu)),
  figure(size(row.memory)),
  figure(milliseconds(row.lag)),
  figure(number(row.restarts)),
];

export const mountsTable = ({ mounts }: Overview): string =>
  table(
    "Mounts",
    ["Mount", "Requests", "4xx", "5xx", "Sent", "Half within", "99 % within"],
    mounts
      .toSorted((one, other) => other.requests - one.requests)
      .map((row) => [
        code(row.mount),
        figure(number(row.requests)),
        figure(number(row.refused)),
        figure(number(row.failed)),
        figure(size(row.bytes)),
        figure(milliseconds(row.p50)),
        figure(milliseconds(row.p99)),
      ]),
  );

export const upstreamsTable = ({ upstreams }: Overview): string =>
  table(
    "Upstreams",
    ["Alias", "Member", "Health", "Calls in progress"],
    upstreams.map((row) => [code(row.alias), code(row.member), health(row), figure(number(row.calls))]),
  );

function health({ up }: MemberRow): Cell {
  if (up >= 1) return badge("up", "good");
  return up > 0 ? badge(`up for ${percent(up)} of the workers`, "warn") : badge("down", "bad");
}

export const backendsTable = ({ corequests }: Overview): string =>
  table(
    "Calls to backends",
    ["Alias", "Calls", "Failed", "Half within", "99 % within"],
    corequests.map((row) => [
      code(row.alias),
      figure(number(row.calls)),
      figure(number(row.failed)),
      figure(milliseconds(row.p50)),
      figure(milliseconds(row.p99)),
    ]),
  );

export const cachesTable = ({ caches }: Overview): string =>
  table(
    "Caches",
    ["Cache", "Hit ratio", "Hits", "Misses", "Entries", "Memory"],
    caches
      .filter(isUsed)
      .map((row) => [
        text(row.name),
        figure(percent(row.hits / (row.hits + row.misses))),
        figure(number(row.hits)),
        figure(number(row.misses)),
        figure(number(row.entries)),
        figure(size(row.bytes)),
      ]),
  );

const isUsed = ({ hits, misses, entries }: CacheRow): boolean => hits + misses + entries > 0;

export const jobsTable = ({ jobs }: Overview): string =>
  table(
    "Jobs",
    ["Kind", "Hosts", "Waiting"],
    jobs.map(({ kind, hosts, waiting }) => [text(kind), figure(number(hosts)), figure(number(waiting))]),
  );

export const schedulesTable = ({ schedules, time }: Overview): string =>
  table(
    "Schedules",
    ["Name", "Times", "Next run", "", "Last run", "Took", "Outcome"],
    schedules.map((row) => [
      text(row.name),
      code(row.timezone === undefined ? row.cron : `${row.cron} ${row.timezone}`),
      figure(row.next[0] === undefined ? "–" : moment(row.next[0], time)),
      text(row.next[0] === undefined ? "" : `in ${span((row.next[0] - time) / 1000)}`),
      figure(row.last === undefined ? "–" : moment(row.last.time, time)),
      figure(milliseconds(row.last?.took)),
      outcome(row),
    ]),
  );

function outcome({ running, last }: ScheduleRow): Cell {
  if (running) return badge("running", "good");
  if (last === undefined) return badge("not yet", "idle");
  return badge(last.outcome, last.outcome === "ok" ? "good" : last.outcome === "failed" ? "bad" : "warn");
}

export const statesTable = ({ states }: Overview): string =>
  table(
    "States",
    ["Name", "Value"],
    Object.entries(states)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, value]) => [code(name), figure(number(value))]),
  );

export const moreTables = ({ sections }: Overview): string =>
  sections
    .map(({ title, rows }) =>
      table(
        title,
        ["", ""],
        rows.map(([name, value]) => [text(name), figure(value)]),
      ),
    )
    .join("");
