import type { ListedEntry } from "./listing.ts";

const style =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}" +
  "table{border-collapse:collapse;width:100%}td{padding:.15rem .5rem}td+td{text-align:right;white-space:nowrap}a{overflow-wrap:anywhere}";

/**
 * HTML of a listing. Names are a stranger's text: escaped where they are shown, encoded where they are linked.
 * @param path decoded, ends with a slash
 * @param more entries that are not shown
 */
export function listingPage(path: string, entries: readonly ListedEntry[], more: number): string {
  const title = Bun.escapeHTML(path);
  const up = path === "/" ? "" : '<tr><td><a href="../">../</a></td><td></td><td></td></tr>';
  const rest = more > 0 ? `<p>and ${more} more</p>` : "";
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>${title}</title><style>${style}</style><h1>${title}</h1><table>${up}${entries.map(row).join("")}</table>${rest}</html>`
  );
}

function row({ name, directory, bytes, modified }: ListedEntry): string {
  const slash = directory ? "/" : "";
  // `./` in front: a name may look like a scheme, as in `javascript:x`.
  const link = Bun.escapeHTML(`./${encodeURIComponent(name)}${slash}`);
  const time = new Date(modified).toISOString().slice(0, 16).replace("T", " ");
  const size = directory ? "" : sizeOf(bytes);
  return `<tr><td><a href="${link}">${Bun.escapeHTML(name)}${slash}</a></td><td>${size}</td><td>${time}</td></tr>`;
}

const units = ["B", "kB", "MB", "GB", "TB"];

function sizeOf(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}
