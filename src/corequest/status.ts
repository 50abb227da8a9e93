/** How a call ended; values of the reference. Spec Q3. */
export const STA_REQFAIL = -1;
export const STA_UNSENT = 0;
export const STA_TIMEOUT = 1;
export const STA_NETERR = 2;
/** The backend answered, whatever it answered: look at `statusCode`. */
export const STA_NORMAL = 3;

export type Status =
  typeof STA_REQFAIL | typeof STA_UNSENT | typeof STA_TIMEOUT | typeof STA_NETERR | typeof STA_NORMAL;

/** Status codes of results that no backend gave, as in the reference. */
export const failureCodes = {
  network: 700,
  timeout: 702,
  dns: 704,
  connect: 714,
  cancelled: 730,
  failed: 731,
};

/** What a status code says about how a call ended: the same for every backend. */
export function statusOf(statusCode: number): Status {
  if (statusCode < failureCodes.network) return STA_NORMAL;
  if (statusCode === failureCodes.timeout || statusCode === failureCodes.cancelled) return STA_TIMEOUT;
  if (statusCode === failureCodes.dns || statusCode === failureCodes.connect) return STA_UNSENT;
  return statusCode === failureCodes.failed ? STA_REQFAIL : STA_NETERR;
}
