const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";
const IMF_FIXDATE = new RegExp(`^[A-Z][a-z]{2}, (\\d\\d) ([A-Z][a-z]{2}) (\\d{4}) ${TIME} GMT$`);
const RFC850 = new RegExp(`^[A-Z][a-z]{5,8}, (\\d\\d)-([A-Z][a-z]{2})-(\\d\\d) ${TIME} GMT$`);
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \\d]\\d) ${TIME} (\\d{4})$`);

/** `ms` since the epoch as IMF-fixdate, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`; the fraction of a second is dropped. */
export const formatHttpDate = (ms: number): string => new Date(ms).toUTCString();

/**
 * Milliseconds since the epoch, or `undefined` when `text` is not an HTTP-date.
 * Reads all three forms, as RFC 9110 §5.6.7 asks; anything else `Date.parse` would guess at is refused.
 */
export function parseHttpDate(text: string): number | undefined {
  const imf = IMF_FIXDATE.exec(text);
  if (imf !== null) return utc(imf[3], imf[2], imf[1], imf[4], imf[5], imf[6]);
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return utc(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
  const old = RFC850.exec(text);
  if (old === null) return undefined;
  return utc(String(fullYear(Number(old[3]))), old[2], old[1], old[4], old[5], old[6]);
}

/** A two-digit year more than 50 years ahead is in the past (RFC 9110 §5.6.7). */
function fullYear(year: number): number {
  const now = new Date().getUTCFullYear();
  const guess = now - (now % 100) + year;
  return guess > now + 50 ? guess - 100 : guess;
}

type Field = string | undefined;

function utc(
  year: Field,
  month: Field,
  day: Field,
  hour: Field,
  minute: Field,
  second: Field,
): number | undefined {
  const index = MONTHS.indexOf(month ?? "-");
  const [d, h, m, s] = [Number(day), Number(hour), Number(minute), Number(second)];
  const valid = index >= 0 && index % 3 === 0 && d >= 1 && d <= 31 && h < 24 && m < 60 && s <= 60;
  return valid ? Date.UTC(Number(year), index / 3, d, h, m, s) : undefined;
}
