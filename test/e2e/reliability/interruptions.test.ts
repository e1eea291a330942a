import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { type Connection, openConnection } from "#test/support/connection.ts";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { buildImage, busyboxLayer, ociArchive } from "#test/support/images.ts";
import { busyProcesses, killAll } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";
import {
  type Interruptible,
  interruptibles,
  requestBytes,
  uninterruptible,
} from "../support/interruptible.ts";

/** Clients that do not read at the same time. */
const streamsAtOnce = 300;
const mebibyte = 1024 * 1024;
const archive = ociArchive(
  buildImage({ layers: [busyboxLayer(), [{ path: "extra", content: "x".repeat(100_000) }]], config: {} }),
  "made:1",
);
/** A registry that accepts connections and never answers. */
const registry = createServer((socket) => void socket.on("error", () => {}).resume());
await new Promise<void>((resolve) => {
  registry.listen(0, "127.0.0.1", resolve).unref();
});
const address = registry.address();
const silent = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
const rows = interruptibles({ archive, silent });
const cases = Object.entries(rows).flatMap(([endpoint, requests]) =>
  requests.map((request): [string, string, Interruptible] => [
    `${endpoint.split(" ")[0]} ${request.path.replace(/127.*?(?=[/&])/, "REGISTRY")}`,
    endpoint,
    request,
  ]),
);

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [{ path: "big", content: new Uint8Array(4 * mebibyte) }]);
  await daemon.printed("tag", "box:1", `${silent}/box:1`);
  await daemon.printed("network", "create", "net");
  await daemon.printed("create", "-i", "--name", "stopped", "--network", "none", "box:1", "true");
  for (const name of ["idle", "loud"]) await runContainer(daemon, name);
  // The first request to a registry and the first worker open descriptors that stay.
  await daemon.request("GET", "/distribution/127.0.0.1:1/some/json");
  await daemon.request("HEAD", "/containers/stopped/archive?path=/bin");
}

async function runContainer(daemon: TestDaemon, name: string): Promise<void> {
  const noise = "while :; do echo 0123456789012345678901234567890123456789; done";
  const program = name.startsWith("loud") ? ["sh", "-c", noise] : ["sleep", "1000"];
  await daemon.printed("run", "-d", "-i", "--name", name, "--network", "none", "box:1", ...program);
}

/** Resources that a daemon holds for its clients. */
interface Footprint {
  descriptors: number;
  helpers: number;
  files: number;
}

function footprint(daemon: TestDaemon): Footprint {
  const temporary = ["build/work", "layers/.staging", "blobs/.partial", "trash"];
  return {
    descriptors: readdirSync(`/proc/${daemon.pid}/fd`).length,
    helpers: busyProcesses(daemon.run).length,
    files: temporary.reduce((sum, name) => sum + readdirSync(`${daemon.data}/${name}`).length, 0),
  };
}

/** Returns the resident memory of a daemon in bytes. */
function resident({ pid }: TestDaemon): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

function isWithin(now: Footprint, before: Footprint): boolean {
  return now.descriptors <= before.descriptors && now.helpers <= before.helpers && now.files <= before.files;
}

/** Returns the resources of an idle daemon. */
async function settled(daemon: TestDaemon): Promise<Footprint> {
  // Afterwards the connections for the next program are open in advance.
  await daemon.printed("exec", "idle", "true");
  // The kept-alive connection of the test itself counts in every footprint.
  await (await daemon.request("GET", "/_ping")).text();
  return footprint(daemon);
}

/** Waits until a daemon holds no more than before, and checks that the containers are usable. */
async function expectNothingLeft(daemon: TestDaemon, before: Footprint): Promise<void> {
  await until(() => isWithin(footprint(daemon), before));
  for (const name of ["idle", "stopped"]) {
    expect((await daemon.request("HEAD", `/containers/${name}/archive?path=/bin`)).status).toBe(200);
  }
  // A container with a lock left on it would not answer.
  expect((await daemon.request("POST", "/containers/stopped/rename?name=stopped2")).status).toBe(204);
  expect((await daemon.request("POST", "/containers/stopped2/rename?name=stopped")).status).toBe(204);
}

/** Ways in which a client gives up. */
const manners: Record<string, (connection: Connection, endless: boolean) => Promise<void>> = {
  disconnects: async (connection) => connection[Symbol.dispose](),
  "closes its side": async (connection, endless) => {
    connection.endWriting();
    if (!endless) await connection.ended;
    connection[Symbol.dispose]();
  },
};

daemonSuite("a client that gives up", { obstacle: shellUnavailable, prepare }, (daemon) => {
  async function send(bytes: Buffer): Promise<Connection> {
    const connection = await openConnection(daemon.socket);
    connection.writeBytes(bytes);
    return connection;
  }

  test("is tested for every endpoint", async () => {
    const { paths } = (await (await daemon.request("GET", "/tbox/openapi.json")).json()) as {
      paths: Record<string, Record<string, { requestBody?: unknown }>>;
    };
    const endpoints = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(endpoints.filter((one) => rows[one] === undefined && !uninterruptible.has(one))).toEqual([]);
    // The document has no requests that only an upgraded connection can make.
    const described = Object.keys(rows).filter((one) => one !== "POST /tbox/run");
    expect(described.filter((one) => !endpoints.includes(one))).toEqual([]);
    const withBody = [...uninterruptible].filter((one) => {
      const [method = "", path = ""] = one.split(" ");
      return paths[path]?.[method.toLowerCase()]?.requestBody !== undefined;
    });
    expect(withBody).toEqual([]);
  });

  describe.each(Object.entries(manners))("and %s", (_, giveUp) => {
    const withBody = cases.filter(([, , { body }]) => body !== undefined);
    test.each(withBody)("in the body of %s leaves nothing behind", async (_, endpoint, request) => {
      const before = await settled(daemon);
      for (const part of [0, 0.5, 0.999]) {
        const connection = await send(await requestBytes(daemon, endpoint, request, part));
        await giveUp(connection, false);
      }
      await expectNothingLeft(daemon, before);
      if (request.makes !== undefined)
        expect((await daemon.request("DELETE", request.makes)).status).toBe(404);
    });

    test.each(cases)("in the answer of %s leaves nothing behind", async (_, endpoint, request) => {
      const before = await settled(daemon);
      const { endless = false, makes } = request;
      // The client gives up before the answer, after its head, and after a moment without reading.
      for (const read of ["nothing", "the head", "slowly"]) {
        const connection = await send(await requestBytes(daemon, endpoint, request, 1));
        if (read !== "nothing" && !request.unanswered) await connection.until("\r\n\r\n");
        if (read === "slowly") {
          connection.pause();
          await (await daemon.request("GET", "/_ping")).text();
          connection.resume();
        }
        await giveUp(connection, endless);
        if (makes !== undefined) await removeMade(daemon, makes);
      }
      await expectNothingLeft(daemon, before);
    });
  });

  let victims = 0;
  const streams = cases.filter(([, , { container }]) => container !== undefined);

  describe.each(["is killed", "is removed", "restarts"])("a container that %s", (how) => {
    test.each(streams)("ends the answer of %s", async (_, endpoint, request) => {
      const { container = "" } = request;
      const name = `${container}-${++victims}`;
      await runContainer(daemon, name);
      const before = await settled(daemon);
      const path = request.path.replace(`/${container}/`, `/${name}/`);
      using connection = await send(await requestBytes(daemon, endpoint, { ...request, path }, 1));
      await connection.until("\r\n\r\n");
      if (how === "is killed") await daemon.printed("kill", name);
      else if (how === "is removed") await daemon.printed("rm", "-f", name);
      else await daemon.printed("restart", "-t", "0", name);
      await connection.ended;
      await daemon.tbox(["rm", "-f", name]);
      // The container's own monitor was part of the footprint before.
      await expectNothingLeft(daemon, before);
    });
  });

  const worked = [
    "GET /containers/{id}/archive",
    "GET /containers/{id}/export",
    "PUT /containers/{id}/archive",
  ];
  const withWorker = cases.filter(([, endpoint]) => worked.includes(endpoint));

  test.each(withWorker)("the daemon answers %s when its helper is killed", async (_, endpoint, request) => {
    const before = await settled(daemon);
    const helpers = new Set(busyProcesses(daemon.run));
    const part = request.body === undefined ? 1 : 0.5;
    using connection = await send(await requestBytes(daemon, endpoint, request, part));
    connection.pause();
    const started = () => busyProcesses(daemon.run).filter((pid) => !helpers.has(pid));
    await until(() => started().length > 0);
    killAll(started());
    connection.resume();
    if (part < 1) await connection.until("\r\n\r\n");
    else await connection.ended;
    connection[Symbol.dispose]();
    await expectNothingLeft(daemon, before);
  });

  test("that half-closes at once gets every answer completely", async () => {
    const finite = cases.filter(([, , { endless, upgrade }]) => !endless && upgrade === undefined);
    for (const [name, endpoint, request] of finite) {
      const connection = await send(await requestBytes(daemon, endpoint, request, 1));
      connection.endWriting();
      const answer = (await connection.ended).toString("latin1");
      expect({ name, answer: answer.slice(0, 15) }).toEqual({
        name,
        answer: expect.stringMatching(/^HTTP\/1.1 [234]/),
      });
      const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
      const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      if (/transfer-encoding: chunked/i.test(answer))
        expect({ name, end: body.slice(-5) }).toEqual({ name, end: "0\r\n\r\n" });
      else if (length !== undefined)
        expect({ name, length: body.length }).toEqual({ name, length: Number(length) });
      if (request.makes !== undefined) await removeMade(daemon, request.makes);
    }
  });

  test.each(["/containers/idle/archive?path=/big", "/images/get?names=box:1"])(
    "and does not read costs little memory: %s",
    async (path) => {
      const before = await settled(daemon);
      const earlier = resident(daemon);
      const stalled: Connection[] = [];
      for (let count = 0; count < streamsAtOnce; count++) {
        const connection = await send(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: d\r\n\r\n`));
        await connection.until("\r\n\r\n");
        connection.pause();
        stalled.push(connection);
      }
      for (let round = 0; round < 100; round++) await daemon.request("GET", "/containers/json");
      expect((resident(daemon) - earlier) / mebibyte).toBeLessThan(96);
      for (const connection of stalled) connection[Symbol.dispose]();
      await expectNothingLeft(daemon, before);
    },
  );

  test("leaves everything removable", async () => {
    await daemon.printed("rm", "-f", "idle", "loud", "stopped");
    await daemon.printed("network", "rm", "net");
    await daemon.printed("rmi", "-f", "box:1", `${silent}/box:1`);
    expect(await daemon.printed("ps", "-aq")).toBe("");
    expect(await daemon.printed("images", "-q")).toBe("");
    await until(() => footprint(daemon).files === 0);
  });

  /** Removes the object that a request has created, if any. */
  async function removeMade(daemon: TestDaemon, path: string): Promise<void> {
    const { status } = await daemon.request("DELETE", `${path}?force=1`);
    expect([200, 204, 404]).toContain(status);
  }
});
