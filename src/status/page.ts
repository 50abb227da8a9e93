import { errorsTable, failuresView, moreFailures, requestsTable, traceView } from "./failures-view.ts";
import { number, span } from "./format.ts";
import { badge, escaped } from "./html.ts";
import type { Overview } from "./overview.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import {
  backendsTable,
  cachesTable,
  jobsTable,
  moreTables,
  mountsTable,
  schedulesTable,
  statesTable,
  upstreamsTable,
  workersTable,
} from "./tables.ts";
import { trafficView } from "./traffic-view.ts";

const hashOf = (text: string): string =>
  `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;

/** Nothing but the page's own style and script; SVG presentation needs no style. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const views: readonly (readonly [id: string, show: (overview: Overview) => string])[] = [
  ["traffic", trafficView],
  ["workers", workersTable],
  ["mounts", mountsTable],
  ["upstreams", upstreamsTable],
  ["backends", backendsTable],
  ["caches", cachesTable],
  ["jobs", jobsTable],
  ["schedules", schedulesTable],
  ["states", statesTable],
  ["more", moreTables],
  ["errors", (overview) => errorsTable(overview)],
  ["requests", (overview) => requestsTable(overview)],
  ["rest", moreFailures],
];

/** What of it is to be seen. */
export interface View {
  /** Of one transaction; `undefined` for the service. */
  readonly gtxnid?: string | undefined;
  /** Errors and failed requests only. */
  readonly failures?: boolean;
}

/** The parts of the page, which change one by one: id and HTML. */
export function sections(
  overview: Overview,
  { gtxnid, failures }: View,
): (readonly [id: string, html: string])[] {
  if (failures) return [["failures", failuresView(overview)]];
  if (gtxnid !== undefined) return [["trace", traceView(overview, gtxnid)]];
  return [
    ["head", headView(overview)],
    ...views.map(([id, show]): readonly [string, string] => [id, show(overview)]),
  ];
}

function headView(overview: Overview): string {
  const { name, version, state, uptime, url, pid } = overview;
  const kind = state === "ready" ? "good" : "warn";
  const facts = [
    `up ${span(uptime)}`,
    `<a href="${escaped(url)}/">${escaped(url)}</a>`,
    `pid ${pid}`,
    counted(overview.restarts, "restart"),
    counted(overview.reloads, "reload"),
    overview.failedReloads > 0 ? `<strong>${counted(overview.failedReloads, "failed reload")}</strong>` : "",
    overview.droppedLines > 0 ? `<strong>${counted(overview.droppedLines, "log line")} dropped</strong>` : "",
    `Skitai ${escaped(version)}`,
  ].filter(Boolean);
  return `<h1>${escaped(name)}</h1><p class="state">${badge(state, kind).html}</p><p class="facts">${facts.map((each) => `<span>${each}</span>`).join(" ")}</p>`;
}

const counted = (count: number, word: string): string => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

/** One document, nothing of it is loaded from elsewhere. */
export function page(overview: Overview, view: View): string {
  const body = sections(overview, view).map(([id, html]) => `<section id="${id}">${html}</section>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(overview.name)} · status</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>${body.join("")}</main>
<p id="live" role="status">live</p>
<script>${script}</script>
</body>
</html>
`;
}
