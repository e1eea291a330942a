import { expect, test } from "bun:test";
import { shapePathStat } from "./path-stat.ts";

const status = { mode: 0o100644, size: 3, modified: 0, nanoseconds: 0, target: "", uid: 0, gid: 0 };
const shape = (path: string, fields: Partial<typeof status>): unknown =>
  JSON.parse(Buffer.from(shapePathStat(path, { ...status, ...fields }), "base64").toString());

test("a time has no trailing zeros, as in Go", () => {
  expect(shape("/f", {})).toMatchObject({ mtime: "1970-01-01T00:00:00Z" });
  expect(shape("/f", { nanoseconds: 120_000_000 })).toMatchObject({ mtime: "1970-01-01T00:00:00.12Z" });
});

test.each([
  ["/bin/sh", "busybox", "/bin/busybox"],
  ["/bin/sh", "../usr/x", "/usr/x"],
  ["bin/sh", "/abs", "/abs"],
  ["/f", "", ""],
])("the target of the link %s to '%s' is %s", (path, target, linkTarget) => {
  expect(shape(path, { target })).toMatchObject({ linkTarget });
});
