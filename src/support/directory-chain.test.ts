import { expect, test } from "bun:test";
import { mkdirSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openDirectoryChain } from "./directory-chain.ts";
import { openHostTree } from "./host-tree.ts";

const depth = 600;

/** Counts this process's descriptors of files below a directory. The runtime opens others at any time. */
function openBelow(directory: string): number {
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(directory);
    } catch {
      // The descriptor of this listing is closed.
      return false;
    }
  }).length;
}

test("a walk through a deep tree opens each directory a few times, with few descriptors at a time", () => {
  using top = temporaryDirectory("chain");
  let path = "";
  const paths: string[] = [];
  for (let level = 0; level < depth; level++) {
    path = path === "" ? "d" : `${path}/d`;
    paths.push(path);
  }
  // The functions of the runtime for whole trees take long for deep ones.
  Bun.spawnSync(["mkdir", "-p", `${top.path}/${path}`]);
  let opened = 0;
  let most = 0;
  const count: typeof openSync = (...given) => {
    opened++;
    return openSync(...given);
  };
  {
    using chain = openDirectoryChain(top.path, count);
    // Down, and up again with a look at each directory, as for a file behind the directory of each level.
    for (const one of [...paths, ...paths.toReversed()]) {
      expect(readdirSync(`/proc/self/fd/${chain.open(one)}`)).toEqual(one === path ? [] : ["d"]);
      if (opened % 100 === 0) most = Math.max(most, openBelow(top.path));
    }
  }
  expect(openBelow(top.path)).toBe(0);
  Bun.spawnSync(["rm", "-r", `${top.path}/d`]);
  expect(opened).toBeLessThan(5 * depth);
  expect(most).toBeLessThan(300);
}, 60_000);

test("a path that leads upwards is refused", () => {
  using top = temporaryDirectory("chain");
  mkdirSync(`${top.path}/below`);
  using chain = openDirectoryChain(`${top.path}/below`);
  for (const path of ["..", "../below", "a/../..", "a/.."]) expect(() => chain.open(path)).toThrow('".."');
  using tree = openHostTree(`${top.path}/below`, { owned: true });
  for (const path of ["..", "../below", "../../etc/passwd"]) {
    expect(() => tree.status(path)).toThrow('".."');
    expect(() => tree.open(path)).toThrow('".."');
  }
});
