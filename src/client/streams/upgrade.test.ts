import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { openUnixServer, readAll, type UnixServer } from "#test/support/unix-server.ts";
import { connectUnix } from "../daemon/byte-socket.ts";
import { upgrade } from "./upgrade.ts";

let server: UnixServer;
beforeEach(() => {
  server = openUnixServer();
});
afterEach(() => server[Symbol.dispose]());
const serve = (handler: (socket: Socket) => void) => server.serve(handler);

describe("upgrade", () => {
  const answer = (text: string) => serve((socket) => socket.once("data", () => socket.write(text)));

  test("sends the request and leaves the bytes after the head to the stream", async () => {
    let seen = "";
    await serve((socket) => {
      socket.once("data", (chunk) => {
        seen = chunk.toString();
        socket.write(
          "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nfirst ",
        );
        socket.end("second");
      });
    });
    const socket = await connectUnix(server.path);
    const { mediaType } = await upgrade(socket, {
      target: "/tbox/run",
      headers: { "X-Registry-Auth": "e30=" },
      body: { a: "é" },
    });
    expect(mediaType).toBe("application/vnd.docker.raw-stream");
    expect(await readAll(socket)).toBe("first second");
    expect(seen).toStartWith("POST /tbox/run HTTP/1.1\r\nHost: tbox\r\n");
    expect(seen).toContain("Upgrade: tcp\r\nContent-Length: 10\r\nContent-Type: application/json\r\n");
    expect(seen).toEndWith('X-Registry-Auth: e30=\r\n\r\n{"a":"é"}');
  });

  test.each([
    ["a length", 'HTTP/1.1 409 Conflict\r\nContent-Length: 17\r\n\r\n{"message":"no"}\n'],
    [
      "chunks",
      'HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mes\r\nc\r\nsage":"no"}\n\r\n0\r\n\r\n',
    ],
  ])("throws the daemon's error for any other status (%s)", async (_, text) => {
    await answer(text);
    const refused = upgrade(await connectUnix(server.path), { target: "/x" });
    await expect(refused).rejects.toMatchObject({ status: 409, code: "conflict", message: "no" });
  });

  test("uses a body that is not JSON as the message", async () => {
    await answer("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom");
    await expect(upgrade(await connectUnix(server.path), { target: "/x" })).rejects.toThrow("boom");
  });

  test("fails when the connection closes without an answer", async () => {
    await serve((socket) => socket.once("data", () => socket.end()));
    const refused = upgrade(await connectUnix(server.path), { target: "/x" });
    await expect(refused).rejects.toThrow("closed the connection without an answer");
  });

  test("fails for an answer that is not HTTP", async () => {
    await answer("SSH-2.0-OpenSSH\r\n\r\n");
    await expect(upgrade(await connectUnix(server.path), { target: "/x" })).rejects.toThrow("is not HTTP");
  });
});
