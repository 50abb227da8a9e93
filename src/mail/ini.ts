/**
 * One section of an INI file: `name = value`, comments behind `#` or `;` at the start of a line, quotes around a value left out.
 * `max_retry` is `max-retry`.
 * @returns each name with its line number
 */
export function iniSection(text: string, section: string): Map<string, { value: string; line: number }> {
  const found = new Map<string, { value: string; line: number }>();
  let inside = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || /^[#;]/.test(line)) continue;
    const header = /^\[(.*)\]$/.exec(line);
    if (header) inside = header[1]!.trim() === section;
    else if (inside) {
      const [, name = line, value = "true"] = /^([^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
      found.set(name.replaceAll("_", "-").toLowerCase(), {
        value: value.replace(/^(["'])(.*)\1$/, "$2"),
        line: index + 1,
      });
    }
  }
  return found;
}
