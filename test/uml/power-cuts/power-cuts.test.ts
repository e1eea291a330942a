import { describe, expect, test } from "bun:test";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { shellUnavailable } from "../../e2e/support/images.ts";
import { type FileSystem, findDiskObstacle, findKernel, type Loss, openMachine } from "./disk.ts";

/** Number of cuts for each kind of disk; without it, a few on ext4 alone. */
const many = process.env.TBOX_TEST_POWER_CUTS;
const cuts = Number(many ?? "2");
const kernel = findKernel();
const fileSystems: FileSystem[] = many === undefined ? ["ext4"] : ["ext4", "xfs", "btrfs"];
const losses: Loss[] = ["unflushed writes", "page cache"];
const possible = fileSystems.flatMap((type) =>
  losses.flatMap((loss) => {
    const missing = kernel === undefined ? undefined : findDiskObstacle(kernel, type, loss);
    if (missing !== undefined) console.error(`skipped power cuts on ${type}, lost: ${loss}: ${missing}`);
    return missing === undefined ? [{ type, loss }] : [];
  }),
);
const disks = many === undefined ? possible.slice(0, 1) : possible;

const obstacle =
  shellUnavailable ?? (kernel === undefined ? "no User-Mode Linux kernel is installed" : undefined);
if (obstacle !== undefined) console.error(`skipped power cuts: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("after a power cut", () => {
  test.each(disks)(
    "the store has everything that was acknowledged, and nothing else ($type, lost: $loss)",
    ({ type, loss }) =>
      whileAdvancing(async (advance) => {
        using directory = temporaryDirectory("cuts");
        const machine = openMachine(directory.path, type, loss, Math.random);
        const sum = { cuts: 0, acknowledged: 0, runs: 0 };
        for (let count = 0; count <= cuts; count++) {
          const { acknowledged, runs, faults } = await machine.cut(
            1 + Math.floor(Math.random() * 30),
            advance,
          );
          if (many !== undefined) console.error(type, loss, { count, acknowledged, runs, faults });
          if (faults.length > 0) keep(directory.path);
          expect({ after: sum, faults }).toEqual({ after: sum, faults: [] });
          sum.cuts += count > 0 ? 1 : 0;
          sum.acknowledged += acknowledged;
          sum.runs += runs;
        }
        if (many !== undefined) console.error(`${type}, lost: ${loss}: ${JSON.stringify(sum)}`);
      }),
    { timeout: many === undefined ? 720_000 : watched },
  );
});

function keep(directory: string): void {
  const place = process.env.TBOX_TEST_KEEP;
  if (place !== undefined) Bun.spawnSync(["cp", "-r", "--sparse=always", directory, place]);
}
