import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { temporaryDirectory } from "#test/support/temp.ts";
import { git } from "./git.ts";
import { restrictToOtherMachines } from "./reach.ts";

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

test.skipIf(address === undefined || Bun.which("git") === null)(
  "git contacts the checked address of a git:// server, and resolves no name again",
  async () => {
    using home = temporaryDirectory("reach");
    let received = "";
    using server = Bun.listen({
      hostname: address ?? "",
      port: 0,
      socket: {
        data(socket, data) {
          received += data.toString();
          // The request may arrive in parts; its host is followed by a zero byte.
          if (received.split("\0").length > 2) socket.end();
        },
      },
    });
    // A resolver would turn this number into the address.
    const number = (address ?? "").split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const remote = `git://${number}:${server.port}/a/repo.git`;
    const restriction = await restrictToOtherMachines(remote);
    const access = { home: home.path, restriction, signal: new AbortController().signal };
    await expect(git(access, home.path, "ls-remote", "--", remote)).rejects.toThrow("git ls-remote");
    const request = `git-upload-pack /a/repo.git\0host=${address}:${server.port}\0`;
    expect(received.slice(4)).toStartWith(request);
  },
);
