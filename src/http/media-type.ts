/** Where Bun's own table is silent or speaks of sources to bundle, not of files to serve. IANA registry. */
const CORRECTIONS: ReadonlyMap<string, string> = new Map([
  ["bmp", "image/bmp"],
  ["jxl", "image/jxl"],
  ["jsx", "text/plain"],
  ["m4a", "audio/mp4"],
  ["ts", "video/mp2t"],
  ["tsx", "text/plain"],
  ["zst", "application/zstd"],
]);

const COMPRESSIBLE =
  /^(?:text\/|[^;]+\+(?:json|xml|text)(?:;|$)|font\/(?:ttf|otf|collection)|image\/(?:bmp|x-icon|vnd\.microsoft\.icon)|application\/(?:json|javascript|xml|xhtml|wasm|toml|yaml|x-sh|rtf|vnd\.ms-fontobject|manifest|x-ndjson)(?:;|$))/;

/**
 * Content-Type by the extension of `path`, `application/octet-stream` when it says nothing. Text is UTF-8. From Bun's
 * built-in table: no dependency, and the same in a compiled binary. Touches no disk.
 */
export function mediaTypeOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const type = CORRECTIONS.get(extension) ?? Bun.file(`file.${name.includes(".") ? extension : ""}`).type;
  return type.startsWith("text/") && !type.includes("charset") ? `${type};charset=utf-8` : type;
}

/** Whether bodies of this Content-Type usually shrink: text, JSON, XML, SVG, wasm, uncompressed fonts. */
export const isCompressible = (type: string): boolean => COMPRESSIBLE.test(type);
