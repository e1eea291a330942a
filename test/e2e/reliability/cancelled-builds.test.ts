import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { dockerUnavailable } from "#test/support/docker.ts";
import { busyProcesses, processesMentioning } from "#test/support/processes.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { repository } from "#test/support/repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { buildxUnavailable } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { expectWhole, writeLongBuild } from "../support/interrupted-build.ts";

/** Milliseconds; about the duration of a whole build. */
const mostDelay = 800;
/** Number of cancelled builds; `TBOX_TEST_CANCELS` overrides it. */
const cancels = Number(process.env.TBOX_TEST_CANCELS ?? 10);

/** A client and the way in which its build ends. */
interface Manner {
  title: string;
  command: (context: string, out: string) => string[];
  environment?: Record<string, string>;
  end: "SIGKILL" | "SIGINT" | "cut";
}

const tbox = (...more: string[]) => [`${repository}/dist/tbox`, "build", "-t", "cancelled:1", ...more];
const docker = (...more: string[]) => ["docker", "build", "-t", "cancelled:1", ...more];
const classic = { DOCKER_BUILDKIT: "0" };

const manners: Manner[] = [
  { title: "tbox build is killed", command: (context) => tbox(context), end: "SIGKILL" },
  { title: "tbox build gets Ctrl-C", command: (context) => tbox(context), end: "SIGINT" },
  {
    title: "tbox build with outputs is killed",
    command: (context, out) => tbox("-o", `type=oci,dest=${out}/a.tar`, "-o", `${out}/files`, context),
    end: "SIGKILL",
  },
  ...(buildxUnavailable === undefined
    ? ([
        { title: "docker buildx gets Ctrl-C", command: (context) => docker(context), end: "SIGINT" },
        { title: "docker buildx is killed", command: (context) => docker(context), end: "SIGKILL" },
        { title: "docker buildx loses its connections", command: (context) => docker(context), end: "cut" },
        {
          title: "docker buildx with an output loses its connections",
          command: (context, out) => docker("-o", `${out}/files`, context),
          end: "cut",
        },
      ] satisfies Manner[])
    : []),
  ...(dockerUnavailable === undefined
    ? ([
        {
          title: "the classic builder's client is killed",
          command: (context) => docker(context),
          environment: classic,
          end: "SIGKILL",
        },
      ] satisfies Manner[])
    : []),
];

/** A socket in front of the daemon whose connections can be cut. */
interface Proxy extends Disposable {
  path: string;
  cut(): void;
}

async function openProxy(daemon: TestDaemon, directory: TemporaryDirectory): Promise<Proxy> {
  const path = `${directory.path}/proxy.sock`;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const inner = connect({ path: daemon.socket, allowHalfOpen: true });
    for (const socket of [client, inner]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    client.pipe(inner).pipe(client);
  });
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    path,
    cut,
    [Symbol.dispose]() {
      cut();
      server.close();
    },
  };
}

daemonSuite("a build that is cancelled", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const temporary = () =>
    ["trash", "build/work", "layers/.staging", "blobs/.partial"].flatMap((name) =>
      readdirSync(`${daemon.data}/${name}`),
    );
  const running = async () => (await (await daemon.request("GET", "/containers/json?all=1")).text()).trim();

  /** Starts a build and ends it after a while. */
  async function cancel({ command, environment = {}, end }: Manner, delay: number, context: string) {
    using scratch = temporaryDirectory("cancelled");
    using proxy = await openProxy(daemon, scratch);
    const socket = end === "cut" ? proxy.path : daemon.socket;
    const client = Bun.spawn(command(context, scratch.path), {
      env: {
        ...daemon.environment,
        DOCKER_HOST: `unix://${socket}`,
        DOCKER_CONFIG: `${scratch.path}/docker`,
        ...environment,
      },
      stdout: "ignore",
      stderr: "ignore",
    });
    await Promise.race([Bun.sleep(delay), client.exited]);
    if (end === "cut") proxy.cut();
    else client.kill(end);
    await client.exited;
    // A plugin outlives its killed client for a moment, and would create its directory again.
    await until(() => processesMentioning(context).length === 0);
    // An archive appears when it is complete; no part of it stays after a signal that can be caught.
    if (end === "SIGINT")
      expect(readdirSync(scratch.path).filter((name) => name.endsWith(".partial"))).toEqual([]);
  }

  test(
    "leaves a valid cache and nothing else",
    () =>
      whileAdvancing(async (advance) => {
        const idle = busyProcesses(daemon.run).length;
        for (let round = 0; round < cancels; round++) {
          advance();
          const manner = manners[round % manners.length];
          if (manner === undefined) return;
          using context = writeLongBuild(round);
          // The end falls anywhere in the build, or after it.
          const delay = Math.random() * mostDelay;
          await cancel(manner, delay, context.path);
          await until(async () => (await running()) === "[]");
          await until(() => temporary().length === 0);
          await until(() => busyProcesses(daemon.run).length <= idle);
          const again = await daemon.tbox(["build", "-q", "-t", "cancelled:1", context.path]);
          const failure = again.code === 0 ? "" : again.stderr;
          expect({ round, manner: manner.title, delay, failure }).toMatchObject({ failure: "" });
          await expectWhole(daemon, "cancelled:1", round);
        }
        await daemon.tbox(["rmi", "-f", "cancelled:1", "box:1"]);
        await daemon.tbox(["image", "prune", "-af"]);
        await daemon.tbox(["builder", "prune", "-af"]);
        await until(() => temporary().length === 0);
        expect(readdirSync(`${daemon.data}/layers/sha256`)).toEqual([]);
      }),
    { timeout: process.env.TBOX_TEST_CANCELS === undefined ? 90_000 : watched },
  );
});
