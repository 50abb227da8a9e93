import { timingSafeEqual } from "node:crypto";
import type { ProxyOptions } from "../../config/proxy-options.ts";
import { networkMatcher } from "../../http/network.ts";
import { Refused } from "./refused.ts";

const thisMachine = ["127.0.0.0/8", "::1"];

/** Who may use the proxy: by address, and by password (RFC 7617). Spec P3. */
export class Clients {
  readonly #source: (address: string) => boolean;
  readonly #check: ((user: string, password: string) => boolean | Promise<boolean>) | undefined;
  readonly #challenge: Readonly<Record<string, string>>;

  constructor({ source = thisMachine, auth, realm = "proxy" }: ProxyOptions) {
    this.#source = networkMatcher(source);
    this.#check = typeof auth === "object" ? passwordCheck(auth) : auth;
    this.#challenge = { "Proxy-Authenticate": `Basic realm="${realm}", charset="UTF-8"` };
  }

  /** @throws Refused 403 */
  checkAddress(address: string): void {
    if (!this.#source(address)) throw new Refused(403, "the proxy is not for you");
  }

  /**
   * @returns the user; `undefined` when nobody has to say who he is
   * @throws Refused 407, 503
   */
  async user(header: string | undefined): Promise<string | undefined> {
    if (this.#check === undefined) return undefined;
    const given = header === undefined ? undefined : basic(header);
    if (given !== undefined && (await this.#passes(...given))) return given[0];
    throw new Refused(407, "user and password are needed", this.#challenge);
  }

  async #passes(user: string, password: string): Promise<boolean> {
    try {
      return (await this.#check!(user, password)) === true;
    } catch (error) {
      throw new Refused(503, "the password cannot be checked", {}, error);
    }
  }
}

function basic(header: string): readonly [user: string, password: string] | undefined {
  const [, encoded] = /^basic +([a-z\d+/_-]+=*) *$/i.exec(header) ?? [];
  const text = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  return colon < 1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

const digest = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();

/** Takes as long for a user that there is not. */
function passwordCheck(
  passwords: Readonly<Record<string, string>>,
): (user: string, password: string) => boolean {
  const digests = new Map(Object.entries(passwords).map(([user, password]) => [user, digest(password)]));
  const nobody = digest(crypto.randomUUID());
  return (user, password) => {
    const known = digests.get(user);
    const same = timingSafeEqual(digest(password), known ?? nobody);
    return same && known !== undefined;
  };
}
