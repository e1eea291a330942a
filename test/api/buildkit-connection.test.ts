import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { statusCode } from "#buildkit/grpc/grpc-error.ts";
import { emptyMessage } from "#buildkit/protocol/common.ts";
import { pongResponse } from "#buildkit/protocol/gateway.ts";
import { listWorkersResponse } from "#buildkit/protocol/worker.ts";
import { upgrade } from "#test/support/buildkit-client.ts";
import { openConnection } from "#test/support/connection.ts";
import { until } from "#test/support/until.ts";
import { type BuildKitApi, failureOf, openBuildKitApi } from "./support/buildkit-api.ts";

const signal = new AbortController().signal;
let kit: BuildKitApi;
beforeEach(async () => {
  kit = await openBuildKitApi();
});
afterEach(() => kit[Symbol.asyncDispose]());

describe("BuildKit's connection", () => {
  test("lists one worker with the platform of this machine", async () => {
    const method = { path: "/moby.buildkit.v1.Control/ListWorkers", request: emptyMessage, signal };
    const { records } = await kit.client.unary({ ...method, response: listWorkersResponse }, {});
    expect(records.map(({ platforms }) => platforms?.[0]?.os)).toEqual(["linux"]);
    // buildx refuses archives, attestations, several platforms and exported caches without it.
    expect(records[0]?.labels?.has("org.mobyproject.buildkit.worker.snapshotter")).toBe(true);
  });

  test("answers an unknown method with UNIMPLEMENTED and serves the next call", async () => {
    const unknown = { path: "/a.B/C", request: emptyMessage, response: emptyMessage, signal };
    expect((await failureOf(kit.client.unary(unknown, {}))).code).toBe(statusCode.unimplemented);
    const check = { ...unknown, path: "/grpc.health.v1.Health/Check" };
    expect(await kit.client.unary(check, {})).toEqual({});
  });

  test("survives a client that sends garbage", async () => {
    using connection = await openConnection(kit.api.socket);
    connection.write("POST /grpc HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    await connection.until("101");
    connection.writeBytes(Buffer.alloc(4096, 7));
    await connection.ended;
    expect((await kit.api.request("GET", "/_ping")).status).toBe(200);
  });

  test("refuses a message that is longer than 16 MiB", async () => {
    using call = kit.client.call("/moby.buildkit.v1.Control/Solve", {}, signal);
    call.send(new Uint8Array(17 * 1024 * 1024)).catch(() => {});
    const error = await failureOf(Array.fromAsync(call.messages));
    expect(error.code).toBe(statusCode.resourceExhausted);
  });

  test("refuses a session without an ID, and a second one with the same ID", async () => {
    expect(await upgrade(kit.api.socket, "/session")).toEqual({
      refused: expect.stringMatching(/^HTTP\/1.1 400 [\s\S]*X-Docker-Expose-Session-Uuid/),
    });
    await kit.open("twice", []);
    const again = await upgrade(kit.api.socket, "/session", { "X-Docker-Expose-Session-Uuid": "twice" });
    expect(again).toEqual({ refused: expect.stringMatching(/^HTTP\/1.1 409 [\s\S]*already exists/) });
  });

  test("a session needs only the header Upgrade, and only for h2c", async () => {
    const open = async (head: string) => {
      const connection = await openConnection(kit.api.socket);
      connection.write(`POST /session HTTP/1.1\r\nHost: d\r\nX-Docker-Expose-Session-Uuid: u\r\n${head}\r\n`);
      return connection;
    };
    using none = await open("Connection: close\r\n");
    expect((await none.ended).toString()).toMatch(/^HTTP\/1.1 400 [\s\S]*no upgrade proto in request/);
    using other = await open("Upgrade: foo\r\nConnection: close\r\n");
    expect((await other.ended).toString()).toMatch(/^HTTP\/1.1 400 [\s\S]*protocol foo not supported/);
    using session = await open("Upgrade: h2c\r\n");
    expect((await session.until("\r\n\r\n")).toString()).toStartWith("HTTP/1.1 101 ");
  });

  test("an ID is free again when the client has closed its session", async () => {
    const session = await kit.open("again", []);
    await session[Symbol.asyncDispose]();
    await until(async () => {
      const next = await upgrade(kit.api.socket, "/session", { "X-Docker-Expose-Session-Uuid": "again" });
      if ("socket" in next) next.socket.destroy();
      return "socket" in next;
    });
  });

  test("a call of the bridge needs a running build", async () => {
    const path = "/moby.buildkit.v1.frontend.LLBBridge/Ping";
    const method = { path, request: emptyMessage, response: pongResponse, signal };
    expect((await failureOf(kit.client.unary(method, {}))).message).toContain(
      "buildkit-controlapi-buildid is missing",
    );
  });
});
