import { expect, test } from "bun:test";
import { Result } from "../../src/corequest/result.ts";
import {
  failureCodes,
  STA_NETERR,
  STA_NORMAL,
  STA_REQFAIL,
  STA_TIMEOUT,
  STA_UNSENT,
  statusOf,
} from "../../src/corequest/status.ts";

test("[Q3] the status follows from the status code, whichever backend it was", () => {
  const { network, timeout, dns, connect, cancelled, failed } = failureCodes;
  expect([200, 404, 500, 599].map(statusOf)).toEqual([STA_NORMAL, STA_NORMAL, STA_NORMAL, STA_NORMAL]);
  expect([dns, connect].map(statusOf)).toEqual([STA_UNSENT, STA_UNSENT]);
  expect([timeout, cancelled].map(statusOf)).toEqual([STA_TIMEOUT, STA_TIMEOUT]);
  expect([network, failed].map(statusOf)).toEqual([STA_NETERR, STA_REQFAIL]);
  expect(new Result(undefined, { statusCode: connect }).status).toBe(STA_UNSENT);
});
