import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type ImageServer, startImageServer } from "#test/support/image-server.ts";
import { buildImage, busyboxLayer } from "#test/support/images.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import type { TemporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { writeContext } from "../support/build.ts";
import { loadImage, shellUnavailable } from "../support/images.ts";

/** Duration in seconds; `TBOX_TEST_STORM` overrides it. */
const seconds = Number(process.env.TBOX_TEST_STORM ?? "5");

daemonSuite("all kinds of commands at the same time", { obstacle: shellUnavailable }, (daemon) => {
  let server: ImageServer;
  const contexts: TemporaryDirectory[] = [];

  const source = (own: string) => ({
    layers: [
      busyboxLayer(),
      [
        { path: "own", content: own },
        { path: "big", content: randomBytes(1_000_000) },
      ],
    ],
    config: { Env: ["PATH=/bin"] },
  });

  beforeAll(async () => {
    server = startImageServer();
    for (const tag of ["1", "2"]) server.publish(tag, buildImage(source(tag)));
    await loadImage(daemon, "kept:1", source("kept"));
    // The image is in use from here on.
    await daemon.tbox(["create", "--name", "keeper", "kept:1", "true"]);
    for (const own of ["a", "b"]) {
      const steps = ["FROM kept:1", `COPY own /${own}`, `RUN cat /${own} > /copy; date +%N > /made`];
      contexts.push(writeContext({ Dockerfile: steps.join("\n"), own }));
    }
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    for (const context of contexts) context[Symbol.dispose]();
  });

  const name = (tag: string) => `${server.host}/app:${tag}`;

  test(
    "succeed, and leave nothing behind",
    () =>
      whileAdvancing(async (advance) => {
        const end = performance.now() + seconds * 1000;
        const faults: object[] = [];
        let done = 0;
        const tbox = async (...args: string[]) => {
          const { code, stdout, stderr } = await daemon.tbox(args);
          done++;
          advance();
          if (code !== 0 && !/is using its referenced image|image is being used by/.test(stderr)) {
            faults.push({ args, code, stderr });
          }
          return stdout.trim();
        };
        const repeat = async (work: (round: number) => Promise<unknown>) => {
          for (let round = 0; performance.now() < end && faults.length < 5; round++) await work(round);
        };
        const read = async (image: string, own: string) => {
          const stdout = await tbox("run", "--rm", "--network", "none", image, "cat", "/own");
          if (stdout !== own) faults.push({ image, stdout });
        };
        const commit = async (round: number) => {
          const id = await tbox(
            "run",
            "-d",
            "--network",
            "none",
            "kept:1",
            "sh",
            "-c",
            `echo ${round} > /new`,
          );
          await tbox("wait", id);
          await tbox("commit", id, "committed:1");
          await tbox("rm", "-f", id);
        };
        const build = (index: number) => async (round: number) => {
          const fresh = round % 3 === 0 ? ["--no-cache"] : [];
          await tbox("build", "-q", ...fresh, "-t", `built${index}:1`, contexts[index]?.path ?? "");
        };
        await Promise.all([
          repeat((round) => tbox("pull", "-q", name(round % 2 === 0 ? "1" : "2"))),
          repeat(() => tbox("pull", "-q", name("1"))),
          repeat(() => read(name("1"), "1")),
          repeat(() => read("kept:1", "kept")),
          repeat((round) => tbox("rmi", "-f", name(round % 2 === 0 ? "2" : "1"))),
          repeat((round) => tbox("image", "prune", round % 2 === 0 ? "-f" : "-af")),
          repeat((round) => tbox("builder", "prune", round % 2 === 0 ? "-f" : "-af")),
          repeat(commit),
          repeat(build(0)),
          repeat(build(1)),
          repeat(() => tbox("save", "-o", "/dev/null", "kept:1")),
          repeat(() => tbox("system", "df")),
        ]);
        expect(faults).toEqual([]);
        expect((await daemon.tbox(["system", "check"])).stdout).toContain(": no damage\n");
        if (process.env.TBOX_TEST_STORM !== undefined) console.error(`${done} commands in ${seconds} s`);

        expect(await tbox("ps", "-aq")).toHaveLength(12);
        await tbox("rm", "keeper");
        await tbox("system", "prune", "-af");
        for (const folder of [
          "layers/sha256",
          "layers/.staging",
          "blobs/sha256",
          "blobs/.partial",
          "build/work",
        ])
          expect({ folder, names: readdirSync(`${daemon.data}/${folder}`) }).toEqual({ folder, names: [] });
        await until(() => readdirSync(`${daemon.data}/trash`).length === 0);
      }),
    { timeout: process.env.TBOX_TEST_STORM === undefined ? 75_000 : watched },
  );
});
