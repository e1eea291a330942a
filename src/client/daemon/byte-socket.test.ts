import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { openUnixServer, readAll, type UnixServer } from "#test/support/unix-server.ts";
import { connectUnix } from "./byte-socket.ts";

let server: UnixServer;
beforeEach(() => {
  server = openUnixServer();
});
afterEach(() => server[Symbol.dispose]());
const serve = (handler: (socket: Socket) => void) => server.serve(handler);

describe("connectUnix", () => {
  test("fails with ENOENT for a missing socket and with ECONNREFUSED without a listener", async () => {
    await expect(connectUnix(server.path)).rejects.toMatchObject({ code: "ENOENT" });
    await serve(() => {});
    // The link outlives the server, which removes its own name.
    const { linkSync } = await import("node:fs");
    linkSync(server.path, `${server.path}.stale`);
    server.close();
    await expect(connectUnix(`${server.path}.stale`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("ending the write side leaves the read side open", async () => {
    await serve((socket) => {
      let length = 0;
      socket.on("data", (chunk) => {
        length += chunk.length;
      });
      socket.on("end", () => socket.end(`got ${length}`));
    });
    const socket = await connectUnix(server.path);
    const writing = socket.write(new Uint8Array(3_000_000));
    socket.endWriting();
    await writing;
    expect(await readAll(socket)).toBe("got 3000000");
  });

  test("overlapping writes keep their order", async () => {
    await serve((socket) => socket.pipe(socket));
    const socket = await connectUnix(server.path);
    const texts = Array.from({ length: 200 }, (_, index) => `${index},`.repeat(500));
    for (const text of texts) void socket.write(Buffer.from(text));
    socket.endWriting();
    expect(await readAll(socket)).toBe(texts.join(""));
  });

  test("a reader that does not read blocks the sender", async () => {
    let sent = 0;
    const blocked = Promise.withResolvers<void>();
    await serve((socket) => {
      const chunk = Buffer.alloc(65_536);
      const fill = () => {
        while (sent < 64_000_000) {
          sent += chunk.length;
          if (!socket.write(chunk)) break;
        }
        if (sent >= 64_000_000) socket.end();
        else if (sent > 1_000_000) blocked.resolve();
      };
      socket.on("drain", fill);
      fill();
    });
    const socket = await connectUnix(server.path);
    let received = 0;
    for await (const chunk of socket) {
      received += chunk.length;
      if (received > 500_000) break;
    }
    await blocked.promise;
    expect(sent).toBeLessThan(16_000_000);
    for await (const chunk of socket) received += chunk.length;
    expect(received).toBe(sent);
  });
});
