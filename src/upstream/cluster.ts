import type { AliasDeclaration, AliasOptions, AliasType } from "../config/alias-options.ts";
import { parseDuration } from "../config/units.ts";
import { Member } from "./member.ts";

/** The members of one alias, and who is next. */
export class Cluster {
  /** With its `@`, or the origin of a URL. */
  readonly name: string;
  readonly type: AliasType;
  readonly options: Readonly<AliasOptions>;
  /** Seconds that a call may take, if the alias says. */
  readonly timeout: number | undefined;
  readonly members: readonly Member[];

  constructor({ name, type, members, options }: AliasDeclaration) {
    this.name = name;
    this.type = type;
    this.options = options;
    this.timeout = parseDuration(options.timeout);
    this.members = members.map((each) => new Member(each, (parseDuration(options.slowStart) ?? 0) * 1000));
  }

  /**
   * The member that is least busy for its weight, ties at random by weight; those that are set aside only when all are.
   * Claimed until its `release`.
   * @param tried members that are not asked again
   * @param preferred asked when it is well
   * @returns `undefined` when all were tried
   */
  claim(tried?: ReadonlySet<Member>, preferred?: Member): Member | undefined {
    if (preferred !== undefined && !tried?.has(preferred) && preferred.available(Date.now())) {
      preferred.claim();
      return preferred;
    }
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
    const weight = member.weightAt(now);
    // With one more: an idle member that has just come back is not asked before a busy one that is well.
    const load = (member.active + (weight < member.weight ? 1 : 0)) / weight;
    if (load > least) continue;
    if (load < least) weights = 0;
    least = load;
    weights += weight;
    if (Math.random() * weights < weight) best = member;
  }
  return best;
}
