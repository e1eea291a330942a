import { afterEach, expect, test } from "bun:test";
import { chooseDaemon } from "#client/daemon/socket-path.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { stopDaemon } from "./stop-daemon.ts";

afterEach(() => chooseDaemon(undefined));

test("a daemon at an address is not waited for as a process of this machine", async () => {
  using directory = temporaryDirectory("socket");
  const path = `${directory.path}/tbox.sock`;
  await using server = Bun.serve({
    unix: path,
    fetch() {
      setImmediate(() => void server.stop(true));
      // On this machine, the number is that of another process, which does not end.
      return Response.json({ Pid: process.pid, Systemd: false });
    },
  });
  chooseDaemon({ directory: directory.path, name: "tbox.sock", path, address: `unix://${path}` });
  expect(await stopDaemon()).toBe("own");
  expect(await stopDaemon()).toBe("none");
});
