/**
 * Which requests stay out of the request log: `"/static/"` and `"/static/*"` by prefix, `"*.css"` by suffix of the path.
 * The root alone never matches everything. Spec L3.
 * @returns undefined when nothing is left out, so that a request pays nothing.
 */
export function logFilter(patterns: readonly string[]): ((path: string) => boolean) | undefined {
  const suffixes = patterns.filter((pattern) => pattern.startsWith("*")).map((pattern) => pattern.slice(1));
  const prefixes = patterns
    .filter((pattern) => !pattern.startsWith("*"))
    .map((pattern) => pattern.replace(/\*$/, ""))
    .filter((prefix) => prefix !== "/");
  if (suffixes.length + prefixes.length === 0) return undefined;
  return (path) =>
    prefixes.some((prefix) => path.startsWith(prefix)) || suffixes.some((suffix) => path.endsWith(suffix));
}
