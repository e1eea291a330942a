import { expect, test } from "bun:test";
import { checkMountOptions } from "./mount-options.ts";

test("options of another type of mount are refused by name", () => {
  const mount = { Type: "bind", Source: "/a", Target: "/b", VolumeOptions: {} } as const;
  expect(() => checkMountOptions(mount)).toThrow(
    'invalid mount config for type "bind": field VolumeOptions must not be specified',
  );
});

test("a mount with its own options is accepted", () => {
  checkMountOptions({ Type: "volume", Target: "/b", VolumeOptions: { NoCopy: true } });
  checkMountOptions({ Type: "tmpfs", Target: "/b", TmpfsOptions: { SizeBytes: 1 } });
});
