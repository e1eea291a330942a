import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type ImageServer, startImageServer } from "#test/support/image-server.ts";
import { buildImage, busyboxLayer, ociArchive, type TestImage } from "#test/support/images.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { type KillPoint, killAt, killPoints, straceUnavailable } from "#test/support/strace.ts";
import { loadImage, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? straceUnavailable ?? registryUnavailable;
/** Number of system calls at which each operation is killed, or `all`. */
const wanted = process.env.TBOX_TEST_KILL_POINTS ?? "3";

interface Operation {
  /** Prepares the store so that the operation has all its work to do. */
  prepare(round: number): Promise<unknown>;
  run(): Promise<{ code: number; stderr: string }>;
  /** Checks the store after a restart, before the operation is repeated. */
  check?(): Promise<unknown>;
}

daemonSuite("a daemon killed at any system call", { obstacle: obstacle }, (daemon) => {
  let server: ImageServer;
  let registry: TestRegistry;
  let target = "";
  const versions: TestImage[] = [];
  /** Content of `/own`, by image ID. */
  const owns = new Map<string, string>();

  const source = (own: string) => ({
    layers: [
      busyboxLayer(),
      [
        { path: "own", content: own },
        { path: "big", content: randomBytes(600_000) },
      ],
    ],
    config: { Env: ["PATH=/bin"] },
  });

  beforeAll(async () => {
    server = startImageServer();
    registry = await startRegistry();
    for (const own of ["one", "two", "loaded"]) {
      const image = buildImage(source(own));
      owns.set(image.config.digest, own);
      versions.push(image);
    }
    const kept = source("kept");
    owns.set(buildImage(kept).config.digest, "kept");
    await loadImage(daemon, "kept:1", kept);
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const attempt = (...args: string[]) => daemon.tbox(args);
  const tbox = async (...args: string[]) => {
    const { code, stdout, stderr } = await daemon.tbox(args);
    expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
    return stdout;
  };
  const version = (number: number): TestImage => {
    const image = versions[number];
    if (image === undefined) throw new Error(`no version ${number}`);
    return image;
  };
  const name = () => `${server.host}/app:1`;
  const publish = (number: number) => server.publish("1", version(number));
  const forget = async (...names: string[]) => {
    await attempt("rmi", "-f", ...names);
    await tbox("image", "prune", "-f");
  };

  const operations: Record<string, Operation> = {
    pull: {
      async prepare() {
        publish(0);
        await forget(name());
      },
      run: () => attempt("pull", "-q", name()),
      check: () => expectOnlyMissing(version(0)),
    },
    "pull of a name that moves": {
      async prepare() {
        publish(0);
        await tbox("pull", "-q", name());
        publish(1);
        await tbox("image", "prune", "-f");
      },
      run: () => attempt("pull", "-q", name()),
      check: () => expectOnlyMissing(version(1)),
    },
    load: {
      prepare: () => forget("loaded:1"),
      run: () => daemon.tbox(["load"], { stdin: ociArchive(version(2), "loaded:1") }),
    },
    push: {
      async prepare(round) {
        target = `${registry.host}/to${round}:1`;
        await tbox("tag", "kept:1", target);
      },
      run: () => attempt("push", target),
    },
    tag: {
      prepare: () => forget("other:1"),
      run: () => attempt("tag", "kept:1", "other:1"),
    },
    rmi: {
      async prepare() {
        publish(0);
        await tbox("pull", "-q", name());
      },
      // A repetition has nothing to do.
      run: () => attempt("rmi", "-f", name()),
    },
  };

  test.each(Object.entries(operations))(
    "%s",
    (_, operation) =>
      whileAdvancing(async (advance) => {
        await operation.prepare(0);
        const every = await killPoints(daemon.pid, `${daemon.run}/calls`, operation.run);
        const points = wanted === "all" ? every : spread(every, Number(wanted));
        expect(points.length).toBeGreaterThan(0);
        for (const [index, point] of points.entries()) {
          await operation.prepare(index + 1);
          const { code } = await killAt(daemon.pid, point, operation.run);
          await daemon.kill();
          await daemon.start();
          await expectSound(point);
          await operation.check?.();
          const again = await operation.run();
          expect({ point, code: again.code, stderr: again.stderr }).toMatchObject({ point, code: 0 });
          await expectSound(point);
          advance();
          if (wanted === "all")
            console.error(`${point.call} ${point.number}: ${code === 0 ? "late" : "killed"}`);
        }
      }),
    { timeout: wanted === "all" ? watched : 60_000 },
  );

  /** Checks that every listed image is complete and runs, and that the store contains nothing else. */
  async function expectSound(point: KillPoint): Promise<void> {
    const ids = (await tbox("images", "-aq", "--no-trunc")).trim().split("\n");
    expect(ids.length).toBeGreaterThan(0);
    for (const id of new Set(ids)) {
      const own = await tbox("run", "--rm", "--network", "none", id, "cat", "/own");
      expect({ point, id, own }).toEqual({ point, id, own: owns.get(id) ?? "" });
    }
    const check = await attempt("system", "check");
    expect({ point, ...check }).toMatchObject({ point, code: 0 });
    expect(readdirSync(`${daemon.data}/layers/.staging`)).toEqual([]);
  }

  /** Checks that blobs and parts of blobs in the store are not downloaded again. */
  async function expectOnlyMissing({ config, layers }: TestImage): Promise<void> {
    const blobs = [config, ...layers].map(({ digest, bytes }) => {
      const sizeOf = (path: string) =>
        statSync(`${daemon.data}/blobs/${path}`, { throwIfNoEntry: false })?.size ?? 0;
      const hex = digest.slice("sha256:".length);
      const here = sizeOf(`sha256/${hex}`) || sizeOf(`.partial/${hex}`);
      return { digest, missing: bytes.length - here };
    });
    server.served.clear();
    await tbox("pull", "-q", name());
    for (const { digest, missing } of blobs) expect(server.served.get(digest) ?? 0).toBe(missing);
  }
});

/** Returns `count` kill points, spread from the first to the last. */
function spread<T>(all: T[], count: number): T[] {
  const step = Math.max(1, (all.length - 1) / Math.max(1, count - 1));
  return all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
