/** Text for numbers of the page; `–` where there is none. */
const none = "–";
/** Between a number and its unit. */
const thin = "\u202f";

/** `1,234`, `0.52`, `34.5`. */
export function number(value: number | undefined): string {
  if (value === undefined) return none;
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 1 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `12.3 MB`. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return none;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(value >= 100 ? 0 : 1)}${thin}${units[unit]}`;
}

/** `0.8 ms`, `12 ms`, `1.25 s`. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return none;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)}${thin}s`;
  return `${ms >= 10 || Number.isInteger(ms) ? Math.round(ms) : ms.toFixed(1)}${thin}ms`;
}

/** `34 %`. */
export const percent = (share: number | undefined): string =>
  share === undefined || Number.isNaN(share) ? none : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}${thin}%`;

/** `4 d 3 h`, `12 min`, `42 s`: the two largest units. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days}${thin}d ${hours}${thin}h`;
  if (hours > 0) return `${hours}${thin}h ${minutes}${thin}min`;
  if (minutes > 0) return `${minutes}${thin}min`;
  return `${whole}${thin}s`;
}

const two = (value: number): string => String(value).padStart(2, "0");
const dayOf = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** `12:00:05` of the day of `now`, else `2026-01-31 12:00:05`; in this machine's time zone. */
export function moment(time: number, now: number): string {
  const date = new Date(time);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = dayOf(date);
  return day === dayOf(new Date(now)) ? clock : `${day} ${clock}`;
}
