import type { Cluster } from "./cluster.ts";
import type { Member } from "./member.ts";

/** Finds who came before the member they came to. Spec P2. */
export class Sticky {
  readonly kind: "cookie" | "client";
  readonly cookie: string;
  readonly #members: readonly Member[];
  readonly #tokens = new Map<string, Member>();
  readonly #tokenOf = new Map<Member, string>();

  constructor({ name, members, options }: Cluster) {
    this.kind = options.sticky!;
    this.cookie = options.stickyCookie ?? "skitai-member";
    this.#members = members;
    members.forEach((member, n) => {
      const token = tokenOf(`${name} ${member.label}`);
      const own = this.#tokens.has(token) ? `${token}${n}` : token;
      this.#tokens.set(own, member);
      this.#tokenOf.set(member, own);
    });
  }

  /** The one a cookie names. */
  byCookie(header: string | null): Member | undefined {
    if (header === null) return undefined;
    for (const pair of header.split(";")) {
      const equals = pair.indexOf("=");
      if (pair.slice(0, equals).trim() !== this.cookie) continue;
      const member = this.#tokens.get(pair.slice(equals + 1).trim());
      if (member !== undefined) return member;
    }
    return undefined;
  }

  /** The same for the same address while it is well; the others keep theirs when one goes (rendezvous hashing). */
  byClient(address: string): Member | undefined {
    const now = Date.now();
    let best: Member | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const member of this.#members) {
      if (!member.available(now)) continue;
      const part = (Number(Bun.hash.xxHash32(`${address} ${member.label}`)) + 1) / 4294967297;
      const score = -member.weight / Math.log(part);
      if (score <= most) continue;
      most = score;
      best = member;
    }
    return best;
  }

  /** @param path mount point */
  setCookie(member: Member, path: string, secure: boolean): string {
    const attributes = `Path=${path || "/"}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
    return `${this.cookie}=${this.#tokenOf.get(member)!}; ${attributes}`;
  }
}

/** Of so few digits that many addresses have the same: it tells nothing of the inside. The same in all workers. */
const tokenOf = (text: string): string =>
  new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 4);
