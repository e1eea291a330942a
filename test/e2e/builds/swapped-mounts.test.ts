import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { swapRounds } from "#test/support/swapping.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { writeContext } from "../support/build.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** Number of builds with each of the mounts. */
const rounds = Math.ceil(swapRounds / 300);
const canary = "only for the user";
const secret = "secret of the build";
const cache = "--mount=type=cache,id=shared,target=/m";

daemonSuite(
  "while a build swaps a directory of a shared cache",
  { obstacle: shellUnavailable, prepare: loadBox },
  (daemon) => {
    test(
      "mounts of other builds below the cache touch no file outside, and their secrets are in no file afterwards",
      async () => {
        using outside = temporaryDirectory("outside");
        const own = `${outside.path}/file`;
        writeFileSync(own, canary, { mode: 0o600 });
        using secrets = temporaryDirectory("secrets");
        writeFileSync(`${secrets.path}/s`, secret);
        const swap =
          "mv -T d spare; mv -T link d; mv -T spare link; mv -T d spare; mv -T link d; mv -T spare link";
        const fill = `mkdir -p d; echo inside >d/file; ln -sfn ../../../../../../../../..${outside.path} link; echo swapping >started`;
        using attack = writeContext({
          Dockerfile: `FROM box:1\nRUN ${cache} cd /m; ${fill}; until [ -e /m/end ]; do ${swap}; done 2>/dev/null\n`,
        });
        const attacker = daemon.tbox(["build", "--no-cache", "-q", attack.path]);
        const output = async (run: string, ...options: string[]) => {
          using context = writeContext({ Dockerfile: `FROM box:1\nRUN ${run}\n` });
          return (await daemon.tbox(["build", "--no-cache", "--progress=plain", ...options, context.path]))
            .stderr;
        };
        const inCache = (script: string) => output(`${cache} cd /m; ${script}`);
        await until(async () => (await inCache("cat started")).includes("#2 swapping"));
        const mounts = [
          "type=secret,id=s,target=/m/d/file",
          "type=secret,id=s,target=/m/d/new/s",
          "type=bind,target=/m/d",
          "type=cache,id=other,target=/m/d/sub",
          "type=tmpfs,target=/m/d/t",
        ];
        await whileAdvancing(async (advance) => {
          for (const mount of Array(rounds).fill(mounts).flat()) {
            const run = `${cache} --mount=${mount} cat /m/d/file ${outside.path}/file; echo x >>/m/d/file; chmod 777 /m/d /m/d/file; true`;
            const found = await output(run, "--secret", `id=s,src=${secrets.path}/s`);
            expect(found).not.toContain(canary);
            advance();
          }
        });
        await inCache("touch end");
        await attacker;
        expect(readFileSync(own, "utf8")).toBe(canary);
        const leaks = Bun.spawnSync(["grep", "-rlsF", secret, daemon.data]);
        expect(leaks.stdout.toString()).toBe("");
      },
      watched,
    );
  },
);
