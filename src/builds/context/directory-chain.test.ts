import { expect, test } from "bun:test";
import { openSync, readdirSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openDirectoryChain } from "./directory-chain.ts";

const depth = 600;

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
  const before = readdirSync("/proc/self/fd").length;
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
      if (opened % 100 === 0) most = Math.max(most, readdirSync("/proc/self/fd").length - before);
    }
  }
  Bun.spawnSync(["rm", "-r", `${top.path}/d`]);
  expect(opened).toBeLessThan(5 * depth);
  expect(most).toBeLessThan(300);
  expect(readdirSync("/proc/self/fd").length).toBe(before);
}, 60_000);
