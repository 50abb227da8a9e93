import { existsSync, statSync } from "node:fs";

const endings = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs"];
/** Of a directory that is named with an export, `"sub:app"`: else it is one of static files. */
const indexes = endings.slice(1).map((ending) => `/index${ending}`);

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/** The file that `stem` names, with or without its ending, or as a directory with an index. */
export const moduleFile = (stem: string): string | undefined =>
  [...endings, ...indexes].map((ending) => stem + ending).find(isFile);
