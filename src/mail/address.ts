import addressparser from "nodemailer/lib/addressparser";
import { SkitaiError } from "../errors.ts";

/** Text of a mail's head has one line: more would be headers of somebody else's choice. */
export function oneLine(name: string, value: unknown): string {
  if (typeof value !== "string" || /[\r\n\0]/.test(value))
    throw new SkitaiError("MAIL_INVALID", { name, value, accepted: "text of one line" });
  return value;
}

/** RFC 5321 4.5.3.1: a path has 256 bytes with its brackets. */
const longest = 254;

/**
 * The addresses of `Name <a@example.com>, b@example.com`, groups as their members.
 * @throws SkitaiError MAIL_INVALID when one of them is none
 */
export function addressesOf(name: string, value: string | readonly string[]): string[] {
  const lists = typeof value === "string" ? [value] : [...(value as readonly string[])];
  const found = lists.flatMap((list) =>
    addressparser(oneLine(name, list), { flatten: true }).map((each) => ({ ...each, list })),
  );
  for (const { address, name: words, list } of found)
    // The parser makes something of `bob@exa mple.com`, too: a host and a name.
    if (!isAddress(address) || (words !== "" && !list.includes(`<${address}>`) && !list.includes("(")))
      throw new SkitaiError("MAIL_INVALID", {
        name,
        value: lists.join(", "),
        accepted: 'addresses like "Ann <ann@example.com>"',
      });
  return found.map(({ address }) => address);
}

const isAddress = (text: string): boolean =>
  Buffer.byteLength(text) <= longest &&
  /^[^\s<>@()[\]\\,;:"]+@(?:[^\s<>@()[\]\\,;:"]+|\[[\da-fA-F.:IPv]+\])$/.test(text);

/** What is behind the last `@`, in small letters. */
export const domainOf = (address: string): string =>
  address.slice(address.lastIndexOf("@") + 1).toLowerCase();
