import type { AliasDeclaration, AliasOptions, AliasType } from "../config/alias-options.ts";
import { Member } from "./member.ts";

/** The members of one alias, and who is next. */
export class Cluster {
  /** With its `@`, or the origin of a URL. */
  readonly name: string;
  readonly type: AliasType;
  readonly options: Readonly<AliasOptions>;
  readonly members: readonly Member[];

  constructor({ name, type, members, options }: AliasDeclaration) {
    this.name = name;
    this.type = type;
    this.options = options;
    this.members = members.map((each) => new Member(each));
  }

  /**
   * The member that is least busy for its weight, ties at random by weight; those that are set aside only when all are.
   * Claimed until its `release`.
   * @param tried members that are not asked again
   * @returns `undefined` when all were tried
   */
  claim(tried?: ReadonlySet<Member>): Member | undefined {
    const member =
      this.members.length === 1 && tried === undefined ? this.members[0]! : leastBusy(this.members, tried);
    member?.claim();
    return member;
  }
}

function leastBusy(members: readonly Member[], tried: ReadonlySet<Member> | undefined): Member | undefined {
  const now = Date.now();
  const left = tried === undefined ? members : members.filter((member) => !tried.has(member));
  const well = left.filter((member) => member.available(now));
  let best: Member | undefined;
  let least = Number.POSITIVE_INFINITY;
  let weights = 0;
  for (const member of well.length > 0 ? well : left) {
    const load = member.active / member.weight;
    if (load > least) continue;
    if (load < least) weights = 0;
    least = load;
    weights += member.weight;
    if (Math.random() * weights < member.weight) best = member;
  }
  return best;
}
