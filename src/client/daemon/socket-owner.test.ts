import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { awaitLine } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import type { DaemonSocket } from "./socket-path.ts";
import { tryConnect } from "./try-connect.ts";

const owner = process.geteuid?.() ?? 0;
let root: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  root = temporaryDirectory("owner");
});
afterEach(() => root[Symbol.dispose]());

test("a daemon that ends before it accepts the connection is absent", async () => {
  const target = socketIn("ending");
  mkdirSync(target.directory, { mode: 0o700 });
  const script = `Bun.listen({ unix: ${JSON.stringify(target.path)}, socket: { data() {} } }); console.log("ready");`;
  const daemon = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  await awaitLine(daemon.stdout, "ready");
  daemon.kill("SIGSTOP");
  const connecting = tryConnect(target);
  // The event loop must not see the connection before the end of the listener.
  Bun.spawnSync([
    "sh",
    "-c",
    'kill -9 "$0"; while kill -0 "$0" && ! grep -q "^State:.Z" "/proc/$0/status"; do :; done',
    `${daemon.pid}`,
  ]);
  expect(await connecting).toBeUndefined();
});

function socketIn(name: string): DaemonSocket {
  const directory = `${root.path}/${name}`;
  return { directory, name: "tbox.sock", path: `${directory}/tbox.sock`, owner };
}

/** Listens on `tbox.sock` in a new directory; counts the bytes it gets. */
function listenIn(name: string, mode: number) {
  const directory = `${root.path}/${name}`;
  mkdirSync(directory, { mode });
  const seen = { bytes: 0 };
  const server = Bun.listen({
    unix: `${directory}/tbox.sock`,
    socket: {
      data(_socket, chunk) {
        seen.bytes += chunk.length;
      },
    },
  });
  return { seen, [Symbol.dispose]: () => server.stop(true) };
}

test("a missing directory is created first, so that nobody else can create it", async () => {
  expect(await tryConnect(socketIn("new"))).toBeUndefined();
  using _own = listenInExisting("new");
  expect(await tryConnect(socketIn("new"))).toBeDefined();
});

function listenInExisting(name: string) {
  const server = Bun.listen({ unix: `${root.path}/${name}/tbox.sock`, socket: { data() {} } });
  return { [Symbol.dispose]: () => server.stop(true) };
}

test.each([0o755, 0o770, 0o711])("a directory with mode %o is refused", async (mode) => {
  using impostor = listenIn("open", mode);
  await expect(tryConnect(socketIn("open"))).rejects.toMatchObject({ code: "forbidden" });
  expect(impostor.seen.bytes).toBe(0);
});

test("a link to another directory is refused", async () => {
  using _own = listenIn("real", 0o700);
  symlinkSync(`${root.path}/real`, `${root.path}/link`);
  await expect(tryConnect(socketIn("link"))).rejects.toThrow("it is not a directory");
});

test("a directory that takes the place of a checked one is not used", async () => {
  using _own = listenIn("run", 0o700);
  expect(await tryConnect(socketIn("run"))).toBeDefined();
  renameSync(`${root.path}/run`, `${root.path}/moved`);
  using impostor = listenIn("run", 0o755);
  const socket = await tryConnect(socketIn("run"));
  await socket?.write(Buffer.from("GET / HTTP/1.1"));
  expect(impostor.seen.bytes).toBe(0);
});

test("a directory that is swapped for a link during a connect never leads to the other socket", async () => {
  using impostor = listenIn("impostor", 0o755);
  const swapper = Bun.spawn(
    [
      process.execPath,
      "-e",
      `const { symlinkSync, rmSync } = require("node:fs");
       const [run, target] = process.argv.slice(1);
       console.log("ready");
       for (;;) {
         try { symlinkSync(target, run); } catch {}
         rmSync(run, { recursive: true, force: true });
       }`,
      `${root.path}/raced`,
      `${root.path}/impostor`,
    ],
    { stdout: "pipe", cwd: repository },
  );
  await swapper.stdout.getReader().read();
  for (let round = 0; round < 2000; round++) {
    const socket = await tryConnect(socketIn("raced")).catch(() => undefined);
    await socket?.write(Buffer.from("secret"));
    socket?.close();
  }
  swapper.kill("SIGKILL");
  await swapper.exited;
  rmSync(`${root.path}/raced`, { recursive: true, force: true });
  expect(impostor.seen.bytes).toBe(0);
});
