import { expect, test } from "bun:test";
import { temporaryDirectory } from "#test/support/temp.ts";
import { resolveOomScore } from "./oom-score.ts";

test("a score below the daemon's own is raised to it with a warning", async () => {
  using directory = temporaryDirectory("oom-score");
  const path = `${directory.path}/oom_score_adj`;
  await Bun.write(path, "100\n");
  expect(resolveOomScore(-500, path)).toEqual({
    score: 100,
    warnings: ["oom score adj -500 is below the daemon's own, which only root can lower: raised to 100"],
  });
  expect(resolveOomScore(100, path)).toEqual({ score: 100, warnings: [] });
  expect(resolveOomScore(undefined, path)).toEqual({ score: undefined, warnings: [] });
  expect(() => resolveOomScore(-1001, path)).toThrow("range for oom score adj is [-1000, 1000]");
});
