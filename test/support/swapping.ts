import { lstatSync } from "node:fs";
import { whileAdvancing } from "#test/support/progress.ts";
import { until } from "#test/support/until.ts";

/** Number of rounds of a race; `npm run endure` does more of them. */
export const swapRounds = Number(process.env.TBOX_TEST_SWAPS ?? 300);

/** Program that swaps two names forever, like a container in which their directory is mounted. */
const swapper = `
const fs = require("node:fs");
const [one, other, spare] = process.argv.slice(1);
for (;;) { fs.renameSync(one, spare); fs.renameSync(other, one); fs.renameSync(spare, other); }`;

/** Repeats a round `swapRounds` times while another program swaps two names. */
export async function whileSwapping(one: string, other: string, round: () => Promise<void>): Promise<void> {
  const child = Bun.spawn([process.execPath, "-e", swapper, one, other, `${one}.spare`], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, BUN_BE_BUN: "1" },
  });
  const first = lstatSync(one).ino;
  try {
    await until(() => lstatSync(one, { throwIfNoEntry: false })?.ino !== first);
    await whileAdvancing(async (advance) => {
      for (let count = 0; count < swapRounds; count++) {
        await round();
        advance();
      }
    });
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}
