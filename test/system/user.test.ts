import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { findGroup, findUser } from "../../src/system/user.ts";

test("[W7] users and groups by name and by number, as the system knows them", () => {
  for (const line of readFileSync("/etc/passwd", "utf8").trim().split("\n").slice(0, 20)) {
    const [name = "", , uid, gid, , home = ""] = line.split(":");
    expect(findUser(name)).toEqual({ name, uid: Number(uid), gid: Number(gid), home });
    expect(findUser(uid!)).toMatchObject({ uid: Number(uid), gid: Number(gid) });
  }
  expect(findGroup("root")).toBe(0);
  expect(findGroup("4242")).toBe(4242);
});

test("[W7] a name that nobody has is none; a number that nobody has is a user without name", () => {
  expect(findUser("no-such-user")).toBeUndefined();
  expect(findGroup("no-such-group")).toBeUndefined();
  expect(findUser("54321")).toEqual({ name: "54321", uid: 54321, gid: 54321, home: "/" });
});
