const unsafe = /["\\\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const each = /["\\\x00-\x1f\x7f-\x9f\u2028\u2029]/g;
const blank = /[\s"\\\x00-\x1f\x7f-\x9f]/;
const eachBlank = /[\s"\\\x00-\x1f\x7f-\x9f]/g;

function hex(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
}

/** A client's value between double quotes, with nothing in it that ends the quotes or the line; `-` when absent. */
export function quoted(value: string | null | undefined): string {
  if (!value) return "-";
  return `"${unsafe.test(value) ? value.replace(each, hex) : value}"`;
}

/** A client's value as one blank-separated field; `-` when absent. */
export function field(value: string | null | undefined): string {
  if (!value) return "-";
  return blank.test(value) ? value.replace(eachBlank, hex) : value;
}
