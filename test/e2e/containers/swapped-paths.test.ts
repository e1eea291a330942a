import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { swapRounds } from "#test/support/swapping.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

/** Commands of each kind. */
const rounds = Math.ceil(swapRounds / 60);
const secret = "only for the user";

/** Swaps a directory and a link in the directory `PLACE`, forever. */
const swapper = `
  const fs = require("node:fs");
  process.chdir(process.env.PLACE);
  console.log("swapping");
  const swap = (one, other) => { try { fs.renameSync(one, other); } catch {} };
  for (;;) { swap("d", "spare"); swap("link", "d"); swap("spare", "link"); swap("d", "spare"); swap("link", "d"); swap("spare", "link"); }`;

/** Creates what the swapper swaps. */
const fillVolume = `
  require("node:fs").mkdirSync("/v/d");
  require("node:fs").writeFileSync("/v/d/file", "inside");
  require("node:fs").symlinkSync(process.env.OWN, "/v/link");`;

/** Replaces a directory in the directory `/volume` by a link whenever one appears there, forever. */
const replacer = `
  const fs = require("node:fs");
  process.chdir("/volume");
  console.log("swapping");
  const attempt = (step) => { try { step(); } catch {} };
  for (let count = 0; ; count++) {
    attempt(() => fs.renameSync("d", "old" + count));
    attempt(() => fs.symlinkSync(process.env.OWN, "d"));
    attempt(() => fs.unlinkSync("d"));
  }`;

async function prepare(daemon: Parameters<typeof loadShell>[0]): Promise<void> {
  const entries = ["d/", "d/file", "d/sub/", "d/sub/file"].map((name) => ({
    path: `data/${name.replace(/\/$/, "")}`,
    mode: 0o777,
    ...(name.endsWith("/") ? { type: "directory" as const } : { content: "of the image\n" }),
  }));
  await loadShell(daemon, "data:1", {}, [{ path: "data", type: "directory" }, ...entries]);
}

daemonSuite(
  "while a container swaps a directory for a link",
  { obstacle: shellUnavailable, prepare },
  (daemon) => {
    /** Starts a container that swaps names, runs the rounds, and checks that nothing outside was changed. */
    async function whileSwapping(
      { options, program }: { options: string[]; program: string },
      round: (place: string, container: string) => Promise<void>,
    ): Promise<void> {
      using top = temporaryDirectory("swapped");
      const own = `${top.path}/own`;
      const shared = `${top.path}/shared`;
      mkdirSync(own, { mode: 0o700 });
      writeFileSync(`${own}/file`, secret, { mode: 0o600 });
      mkdirSync(`${shared}/d`, { recursive: true });
      writeFileSync(`${shared}/d/file`, "shared");
      symlinkSync(own, `${shared}/link`);
      const before = describeFiles(own);
      const settings = [
        "-e",
        `OWN=${own}`,
        "-e",
        "TMPDIR=/tmp",
        ...options.map((one) => one.replace("SHARED", shared)),
      ];
      const bun = ["--rootfs", "/", process.execPath, "-e", program];
      const id = await daemon.printed("run", "-d", "--network", "none", ...settings, ...bun);
      try {
        await until(async () => (await daemon.printed("logs", id)).includes("swapping"));
        await whileAdvancing(async (advance) => {
          for (let count = 0; count < rounds; count++) {
            await round(shared, id);
            advance();
          }
        });
      } finally {
        await daemon.printed("rm", "-f", id);
      }
      expect(describeFiles(own)).toEqual(before);
    }

    const mounted = { options: ["-v", "SHARED:/shared", "-e", "PLACE=/shared"], program: swapper };

    test(
      "cp out of a container and build -o write nothing outside",
      async () => {
        await daemon.printed("create", "--name", "source", "data:1", "true");
        using context = temporaryDirectory("context");
        writeFileSync(`${context.path}/Dockerfile`, "FROM scratch\nCOPY --from=data:1 /data /\n");
        await whileSwapping(mounted, async (shared) => {
          await daemon.tbox(["cp", "source:/data/.", shared]);
          await daemon.tbox(["build", "-q", "-o", shared, context.path]);
        });
      },
      watched,
    );

    test(
      "cp into a container reads nothing outside",
      async () => {
        await daemon.printed("run", "-d", "--network", "none", "--name", "target", "data:1", "sleep", "1000");
        await whileSwapping(mounted, async (shared) => {
          await daemon.tbox(["cp", shared, "target:/copy"]);
          const found = await daemon.tbox(["exec", "target", "grep", "-r", secret, "/copy"]);
          expect(found.stdout).toBe("");
        });
        await daemon.printed("rm", "-f", "target");
      },
      watched,
    );

    test(
      "a subdirectory of a volume shows nothing outside",
      async () => {
        await daemon.printed("volume", "create", "shared");
        const options = ["-v", "shared:/v", "-e", "PLACE=/v"];
        await whileSwapping({ options, program: `${fillVolume}${swapper}` }, async () => {
          const mount = "type=volume,source=shared,target=/x,volume-subpath=d";
          const run = ["run", "--rm", "--network", "none", "--mount", mount, "data:1", "cat", "/x/file"];
          expect((await daemon.tbox(run)).stdout).not.toContain(secret);
        });
      },
      watched,
    );

    test(
      "an archive of a container's files has nothing outside",
      async () => {
        await whileSwapping(mounted, async (_, id) => {
          const { stdout } = await daemon.tbox(["cp", `${id}:/shared`, "-"]);
          expect(stdout).not.toContain(secret);
        });
      },
      watched,
    );

    test(
      "a volume is filled without a change outside",
      async () => {
        await daemon.printed("volume", "create", "filled");
        await whileSwapping({ options: ["-v", "filled:/volume"], program: replacer }, async () => {
          await daemon.tbox(["run", "--rm", "--network", "none", "-v", "filled:/data", "data:1", "true"]);
          await daemon.tbox([
            "run",
            "--rm",
            "--network",
            "none",
            "-v",
            "filled:/v",
            "data:1",
            "sh",
            "-c",
            "rm -rf /v/*",
          ]);
        });
      },
      watched,
    );
  },
);

/** Returns names, modes, times and contents of a directory and its files. */
function describeFiles(directory: string): unknown {
  const status = (path: string) => {
    const { mode, uid, mtimeMs, nlink } = statSync(path);
    return { mode, uid, mtimeMs, nlink };
  };
  const names = readdirSync(directory).sort();
  const files = names.map((name) => [
    name,
    status(`${directory}/${name}`),
    readFileSync(`${directory}/${name}`, "utf8"),
  ]);
  return { ...status(directory), files };
}
