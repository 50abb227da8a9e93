/** Seconds for the longest prefix that a public path is at or below; made once from `setMaxAge` calls. Spec S2. */
export function maxAges(
  rules: readonly { readonly prefix: string; readonly seconds: number }[],
): (publicPath: string) => number | undefined {
  // The last of two equal prefixes wins, as with any assignment.
  const sorted = [...rules].reverse().sort((a, b) => b.prefix.length - a.prefix.length);
  return (path) => sorted.find(({ prefix }) => path.startsWith(prefix))?.seconds;
}
