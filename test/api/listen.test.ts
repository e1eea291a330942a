import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { listen } from "#daemon/server/listen.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";

const uid = process.getuid?.() ?? -1;
let temporary: TemporaryDirectory;
let directory: string;
const place = () => ({ directory, uid, name: "tbox.sock" });
beforeEach(() => {
  temporary = temporaryDirectory("listen");
  directory = `${temporary.path}/run`;
});
afterEach(() => temporary[Symbol.dispose]());

test.each([0o000, 0o022, 0o077, 0o777])(
  "listen creates a socket that only its owner can open with umask %o",
  async (umask) => {
    const before = process.umask(umask & 0o077);
    const server = createServer();
    try {
      const path = await listen(server, place());
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      expect(process.umask()).toBe(umask & 0o077);
    } finally {
      process.umask(before);
      server.close();
    }
  },
);

test("listen replaces the socket of a dead daemon", async () => {
  mkdirSync(directory, { mode: 0o700 });
  const script = `require("node:net").createServer().listen("${directory}/tbox.sock", () => process.kill(process.pid, "SIGKILL"))`;
  Bun.spawnSync([process.execPath, "-e", script]);
  expect(existsSync(`${directory}/tbox.sock`)).toBe(true);
  const server = createServer((_, response) => response.end("new"));
  const path = await listen(server, place());
  expect(await (await fetch("http://d/", { unix: path })).text()).toBe("new");
  server.close();
});

test("listen does not replace the socket of a running daemon", async () => {
  mkdirSync(directory, { mode: 0o700 });
  const running = createSocket();
  await new Promise<void>((resolve) => running.listen(`${directory}/tbox.sock`, resolve));
  expect(listen(createServer(), place())).rejects.toMatchObject({
    code: "already-exists",
    message: `a daemon runs already at ${directory}/tbox.sock`,
  });
  running.close();
});

test("listen refuses a directory that is open to others, belongs to another user, or is a link", async () => {
  mkdirSync(directory, { mode: 0o700 });
  expect(listen(createServer(), { ...place(), uid: uid + 1 })).rejects.toMatchObject({ code: "forbidden" });
  // An empty directory would be closed to others instead.
  writeFileSync(`${directory}/file`, "");
  chmodSync(directory, 0o755);
  expect(listen(createServer(), place())).rejects.toThrow(`chmod 700 ${directory}`);
  chmodSync(directory, 0o700);
  symlinkSync(directory, `${temporary.path}/link`);
  expect(listen(createServer(), { ...place(), directory: `${temporary.path}/link` })).rejects.toThrow(
    "is not a directory",
  );
  rmSync(directory, { recursive: true });
});
