import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { openMemoryConnection } from "./memory-connection.ts";

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(source)).toString();
}

describe("a connection in memory", () => {
  test("carries bytes in both directions to their ends", async () => {
    const { client, server } = openMemoryConnection();
    let received = "";
    server.on("data", (bytes: Buffer) => {
      received += bytes;
    });
    await client.write(Buffer.from("to the server"));
    client.endWriting();
    await once(server, "end");
    expect(received).toBe("to the server");
    server.end("to the client");
    expect(await textOf(client)).toBe("to the client");
  });

  test("a server that writes faster than the client reads has to wait", async () => {
    const { client, server } = openMemoryConnection();
    const chunk = Buffer.alloc(200 * 1024);
    server.write(chunk);
    server.write(chunk);
    let written = false;
    const third = new Promise<void>((resolve) => {
      server.write(chunk, () => resolve());
    }).then(() => {
      written = true;
    });
    await new Promise(setImmediate);
    expect(written).toBe(false);
    server.end();
    expect((await textOf(client)).length).toBe(3 * chunk.length);
    await third;
  });

  test("a client that writes faster than the server reads has to wait", async () => {
    const { client, server } = openMemoryConnection();
    const chunk = Buffer.alloc(200 * 1024);
    await client.write(chunk);
    let written = false;
    const second = client.write(chunk).then(() => {
      written = true;
    });
    await new Promise(setImmediate);
    expect(written).toBe(false);
    server.resume();
    await second;
    expect(written).toBe(true);
  });

  test("the end of either side ends the other", async () => {
    const closing = openMemoryConnection();
    closing.server.resume();
    closing.client.close();
    await once(closing.server, "end");
    const destroying = openMemoryConnection();
    destroying.server.destroy();
    expect(await textOf(destroying.client)).toBe("");
    await expect(destroying.client.write(Buffer.from("x"))).rejects.toThrow("closed the connection");
  });
});
