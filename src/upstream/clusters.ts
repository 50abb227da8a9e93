import type { AliasDeclaration, AliasType } from "../config/alias-options.ts";
import { nearest } from "../config/nearest.ts";
import { SkitaiError } from "../errors.ts";
import { Cluster } from "./cluster.ts";

/** The aliases of this process: corequests, proxies and the gateway see the same members. */
const clusters = new Map<string, Cluster>();

/** Makes an alias known; of several declarations of one name the first holds, as in the reference. */
export function installAlias(declaration: AliasDeclaration): void {
  if (!clusters.has(declaration.name)) clusters.set(declaration.name, new Cluster(declaration));
}

/** The alias of this name, whatever it stands for. */
export const findCluster = (name: string): Cluster | undefined => clusters.get(name);

export const allClusters = (): IterableIterator<Cluster> => clusters.values();

/**
 * @param types of which the alias must be one
 * @throws SkitaiError ALIAS_UNKNOWN, with the nearest name; ALIAS_TYPE when it stands for something else
 */
export function clusterOf(name: string, types: readonly AliasType[]): Cluster {
  const cluster = clusters.get(name);
  if (cluster === undefined) throw unknown(name);
  if (!types.includes(cluster.type))
    throw new SkitaiError("ALIAS_TYPE", {
      name: `alias ${name}`,
      value: cluster.type,
      accepted: types.join(" or "),
    });
  return cluster;
}

function unknown(name: string): SkitaiError {
  const names = [...clusters.keys()];
  const near = nearest(name, names);
  const accepted = near ?? (names.length === 0 ? "one that alias() has declared" : names.join(", "));
  return new SkitaiError("ALIAS_UNKNOWN", { name: "alias", value: name, accepted });
}
