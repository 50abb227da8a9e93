const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

let second = Number.NaN;
let text = "";

/**
 * `YYYY.MM.DD HH:MM:SS` in local time (reference, Log Format), made once a second.
 * @param now milliseconds since the epoch
 */
export function stamp(now: number): string {
  const current = Math.floor(now / 1000);
  if (current === second) return text;
  const date = new Date(now);
  second = current;
  text =
    `${date.getFullYear()}.${two(date.getMonth() + 1)}.${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return text;
}
