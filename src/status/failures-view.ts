import { milliseconds, moment, size } from "./format.ts";
import { type Cell, code, escaped, figure, table, text } from "./html.ts";
import type { Overview } from "./overview.ts";

type Request = Overview["failedRequests"][number];

/** Where this page tells more of a transaction. */
const link = (gtxnid: string | undefined): Cell =>
  gtxnid === undefined
    ? text("–")
    : { html: `<a href="?gtxnid=${encodeURIComponent(gtxnid)}">${escaped(gtxnid)}</a>`, kind: "code" };

/** Rows of each table on the page of all; the rest is behind a link. */
const first = 8;

export const errorsTable = ({ errors, time }: Overview, most = first): string =>
  table(
    "Recent errors",
    ["Time", "Error", "Worker", "Transaction"],
    errors
      .slice(0, most)
      .map((each) => [
        figure(moment(each.time, time)),
        { html: escaped(each.text), kind: "wide" },
        text(`#${each.worker}`),
        link(each.gtxnid),
      ]),
    most,
  );

export const requestsTable = ({ failedRequests, time }: Overview, most = first): string =>
  table(
    "Failed requests",
    requestHeads,
    failedRequests.slice(0, most).map((each) => requestRow(each, time)),
    most,
  );

/** Where the rest is, if there is more. */
export const moreFailures = ({ errors, failedRequests }: Overview): string =>
  errors.length > first || failedRequests.length > first
    ? `<p class="back"><a href="?view=failures">All ${errors.length} errors and ${failedRequests.length} failed requests that are kept</a></p>`
    : "";

/** All errors and failed requests that are kept. */
export const failuresView = (overview: Overview): string => {
  const { errors, failedRequests } = overview;
  const all = errorsTable(overview, errors.length) + requestsTable(overview, failedRequests.length);
  return `${back}${all || `<p class="note">Nothing has failed.</p>`}`;
};

const back = `<p class="back"><a href="?">All of the service</a></p>`;

const requestHeads = ["Time", "Status", "Request", "Handling", "Sent in", "Bytes", "Worker", "Transaction"];

const requestRow = (each: Request, now: number): Cell[] => [
  figure(moment(each.time, now)),
  figure(String(each.status)),
  { html: `<code>${escaped(`${each.method} ${each.path}`)}</code>`, kind: "wide" },
  figure(milliseconds(each.handling)),
  figure(milliseconds(each.transfer)),
  figure(size(each.bytes)),
  text(`#${each.worker}`),
  link(each.gtxnid),
];

/** All that is kept of one transaction; `skitai trace` finds it in the logs. */
export function traceView({ errors, failedRequests, time }: Overview, gtxnid: string): string {
  const own = <Item extends { readonly gtxnid?: string }>(items: readonly Item[]): Item[] =>
    items.filter((each) => each.gtxnid === gtxnid).toReversed();
  const requests = table(
    "Requests",
    requestHeads,
    own(failedRequests).map((each) => requestRow(each, time)),
  );
  const said = table(
    "Errors",
    ["Time", "Error", "Worker", "Call"],
    own(errors).map((each) => [
      figure(moment(each.time, time)),
      { html: escaped(each.text), kind: "wide" },
      text(`#${each.worker}`),
      code(each.ltxnid === undefined ? "–" : String(each.ltxnid)),
    ]),
  );
  const nothing = `<p class="note">Nothing is kept of it any more; the logs have it.</p>`;
  return `${back}<h2 class="trace">Transaction <code>${escaped(gtxnid)}</code></h2>${requests + said || nothing}`;
}
