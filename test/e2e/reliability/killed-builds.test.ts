import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { repository } from "#test/support/repository.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { expectWhole, writeLongBuild } from "../support/interrupted-build.ts";

/** Milliseconds; about the duration of the longest step. */
const mostDelay = 60;
/** Number of kills; `TBOX_TEST_KILLS` overrides it. */
const kills = Number(process.env.TBOX_TEST_KILLS ?? 6);

daemonSuite("a build whose daemon is killed", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  test(
    "leaves a valid cache and nothing else",
    () =>
      whileAdvancing(async (advance) => {
        for (let round = 0; round < kills; round++) {
          advance();
          using context = writeLongBuild(round);
          const build = ["build", "--progress=plain", "-t", "killed:1", context.path];
          const client = Bun.spawn([`${repository}/dist/tbox`, ...build], {
            env: daemon.environment,
            stdout: "ignore",
            stderr: "pipe",
          });
          await awaitLines(client.stderr, round % 14);
          // The kill falls anywhere between two lines of progress.
          const delay = Math.random() * mostDelay;
          await Bun.sleep(delay);
          await daemon.kill();
          await client.exited;
          await daemon.start();
          const again = await daemon.tbox(build);
          expect({ round, delay, code: again.code, stderr: again.code === 0 ? "" : again.stderr }).toEqual({
            round,
            delay,
            code: 0,
            stderr: "",
          });
          await expectWhole(daemon, "killed:1", round);
        }
        expect((await daemon.tbox(["ps", "-aq"])).stdout).toBe("");
        // The trash is emptied in the background.
        while (readdirSync(`${daemon.data}/trash`).length > 0) await daemon.tbox(["version"]);
        expect(readdirSync(`${daemon.data}/build/work`)).toEqual([]);
        expect(readdirSync(`${daemon.data}/layers/.staging`)).toEqual([]);
        expect(readdirSync(`${daemon.data}/blobs/.partial`)).toEqual([]);
        // One directory is prepared for the next container, and emptied ones wait.
        const left = () =>
          readdirSync(`${daemon.data}/containers`).filter((name) => !name.startsWith(".ready-")).length;
        while (left() > 1) await daemon.tbox(["version"]);
        await daemon.tbox(["rmi", "-f", "killed:1", "box:1"]);
        await daemon.tbox(["image", "prune", "-af"]);
        await daemon.tbox(["builder", "prune", "-af"]);
        expect(readdirSync(`${daemon.data}/layers/sha256`)).toEqual([]);
      }),
    { timeout: process.env.TBOX_TEST_KILLS === undefined ? 60_000 : watched },
  );
});

/** Reads the given number of progress lines, or fewer if the build ends. */
async function awaitLines(stream: ReadableStream<Uint8Array>, count: number): Promise<void> {
  let lines = 0;
  for await (const piece of stream) {
    lines += piece.filter((byte) => byte === 10).length;
    if (lines >= count) return;
  }
}
