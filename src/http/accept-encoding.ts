/** Content codings the engine can make: RFC 9110 §8.4.1.3, RFC 7932, RFC 8878. */
export type Coding = "br" | "zstd" | "gzip";

const NONE: ReadonlyMap<string, number> = new Map();
const MAX_MEMO = 128;
/** Browsers send a handful of values; parsing one costs more than the rest of a hit. Emptied when full. */
const memo = new Map<string, ReadonlyMap<string, number>>();

/**
 * Picks among `offered` (best first for the server) and identity by the weights of an `Accept-Encoding` field
 * (RFC 9110 §12.5.3). Ties go to the server's order, identity last. `undefined`: the client refuses all, identity too.
 */
export function negotiate(field: string | null, offered: readonly Coding[]): Coding | "identity" | undefined {
  if (field === null) return "identity";
  const weights = weightsOf(field);
  let best: Coding | "identity" | undefined;
  let most = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight > most) [best, most] = [coding, weight];
  }
  const identity = weights.get("identity") ?? weights.get("*");
  if (identity === undefined) return best ?? "identity";
  return identity > most ? "identity" : best;
}

function weightsOf(field: string): ReadonlyMap<string, number> {
  const known = memo.get(field);
  if (known !== undefined) return known;
  const weights = parse(field);
  // A long field is no browser's: not worth keeping.
  if (field.length <= 256) {
    if (memo.size >= MAX_MEMO) memo.clear();
    memo.set(field, weights);
  }
  return weights;
}

function parse(field: string): ReadonlyMap<string, number> {
  if (field.trim() === "") return NONE;
  const weights = new Map<string, number>();
  for (const item of field.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((text) => text.trim());
    if (name !== "") weights.set(name === "x-gzip" ? "gzip" : name, weightOf(parameters));
  }
  return weights;
}

function weightOf(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  if (q === undefined) return 1;
  const weight = Number(q.slice(2));
  // A weight that is none is a refusal: what is sent then is at least readable.
  return weight >= 0 && weight <= 1 ? weight : 0;
}
