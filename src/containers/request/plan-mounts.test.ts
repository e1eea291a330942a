import { expect, test } from "bun:test";
import { planMounts } from "./plan-mounts.ts";

test("parent directories are mounted before the directories below them", () => {
  const { mounts, sourcesToCreate, requiredSources } = planMounts({
    Binds: ["/h:/a/b/c:ro,z", "/i:/a"],
    Mounts: [{ Type: "bind", Source: "/j", Target: "/a/b", ReadOnly: true }],
    Tmpfs: { "/t": "size=1m,mode=700,exec" },
  });
  expect(mounts.map(({ target }) => target)).toEqual(["/a", "/t", "/a/b", "/a/b/c"]);
  expect(mounts[3]).toEqual({
    type: "bind",
    source: "/h",
    target: "/a/b/c",
    readonly: true,
    recursive: true,
    propagation: "rprivate",
  });
  expect(mounts[1]).toMatchObject({ type: "tmpfs", size: 1024 ** 2, mode: 0o700, exec: true });
  expect(sourcesToCreate).toEqual(["/h", "/i"]);
  expect(requiredSources).toEqual(["/j"]);
});

test("a volume of type tmpfs is mounted with its options, and programs may run from it", () => {
  const volume = { name: "v", target: "/m", readonly: true, fill: true, anonymous: false };
  const plan = (memory: string, more = {}) => planMounts({}, [{ ...volume, memory, ...more }]).mounts[0];
  const common = { type: "tmpfs" as const, target: "/m", readonly: true };
  expect(plan("size=1m,uid=5,mode=750")).toEqual({
    ...common,
    exec: true,
    size: 1024 ** 2,
    uid: 5,
    mode: 0o750,
  });
  expect(plan("noexec")).toEqual({ ...common, exec: false, mode: 0o1777 });
  expect(() => plan("nope=1")).toThrow('invalid tmpfs option "nope=1"');
  expect(() => plan("", { subpath: "x" })).toThrow("Subpath is not supported");
});

test.each([
  [["/a:/b", "/c:/b/"], "Duplicate mount point"],
  [["/a:/x/.."], "destination can't be '/'"],
  [["/a:b"], "mount path must be absolute"],
  [["/a:/b:ro:x"], "invalid volume specification"],
  [["/a:/b:sideways"], "invalid mode: sideways"],
])("%j is refused", (Binds, message) => {
  expect(() => planMounts({ Binds })).toThrow(message);
});
