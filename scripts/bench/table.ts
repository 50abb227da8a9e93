/** Cells by row, the first row the heading; the first column is names, the others numbers. */
export type Table = readonly (readonly string[])[];

/** Columns aligned with spaces, names to the left, numbers to the right. */
export function plain(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ");
  return table.map((row) => `  ${line(row).trimEnd()}\n`).join("");
}

/** A Markdown table. */
export function markdown([heading = [], ...rows]: Table): string {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |\n`;
  return `${line(heading)}${line(heading.map((_, column) => (column ? "--:" : "---")))}${rows.map(line).join("")}\n`;
}
