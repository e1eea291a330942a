import { expect, test } from "bun:test";
import { parseDevice } from "./device.ts";

test.each([
  ["/dev/fuse", { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" }],
  ["/dev/a:/dev/b", { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "rwm" }],
  ["/dev/a:rw", { PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rw" }],
  ["/dev/a:/dev/b:r", { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" }],
])("the device %s", (text, value) => {
  expect(parseDevice(text)).toEqual(value);
});

test.each(["", "/dev/a:/b:x", "/a:/b:r:w", "vendor.com/gpu=all"])("the device %j is refused", (text) => {
  expect(() => parseDevice(text)).toThrow();
});
