import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { emptyMessage } from "#buildkit/protocol/common.ts";
import { listWorkersResponse } from "#buildkit/protocol/worker.ts";
import { type BuildKitApi, openBuildKitApi } from "#test/api/support/buildkit-api.ts";
import { type Connection, openConnection } from "#test/support/connection.ts";
import { endHeaders, frame, frameType, headerFields, preface } from "#test/support/http2-frames.ts";
import { mutated, parameters, timeout } from "./mutated.ts";

const { data, headers, reset, settings, ping, windowUpdate, continuation } = frameType;
const path = "/moby.buildkit.v1.Control/ListWorkers";
const call = headerFields({
  ":method": "POST",
  ":scheme": "http",
  ":path": path,
  ":authority": "d",
  "content-type": "application/grpc",
  te: "trailers",
});
const noWindow = Buffer.of(0, 4, 0, 0, 0, 0);
const cancelled = Buffer.of(0, 0, 0, 8);

let kit: BuildKitApi;
beforeAll(async () => {
  kit = await openBuildKitApi();
});
afterAll(() => kit[Symbol.asyncDispose]());

async function begin(): Promise<Connection> {
  const connection = await openConnection(kit.api.socket);
  connection.write("POST /grpc HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  await connection.until("101");
  return connection;
}

/** Checks that another client of the daemon gets the right answer. */
async function expectAnswer(): Promise<void> {
  const method = { path, request: emptyMessage, response: listWorkersResponse };
  const answer = await kit.client.unary({ ...method, signal: AbortSignal.timeout(30_000) }, {});
  expect(answer.records).toHaveLength(1);
}

/** Frames of an attack, by the number of the repetition. */
const floods: Record<string, (count: number) => Buffer[]> = {
  "calls that never end": (count) => [
    frame({ type: headers, flags: endHeaders, stream: 2 * count + 1, payload: call }),
  ],
  "calls whose answers find no window": (count) => [
    ...(count === 0 ? [frame({ type: settings, payload: noWindow })] : []),
    frame({ type: headers, flags: endHeaders, stream: 2 * count + 1, payload: call }),
    frame({ type: data, flags: 1, stream: 2 * count + 1, payload: Buffer.alloc(5) }),
  ],
  "calls with large headers": (count) => {
    const large = Buffer.concat([call, headerFields({ x: "x".repeat(14_000) })]);
    return [frame({ type: headers, flags: endHeaders, stream: 2 * count + 1, payload: large })];
  },
  "calls that are reset at once": (count) => [
    frame({ type: headers, flags: endHeaders, stream: 2 * count + 1, payload: call }),
    frame({ type: reset, stream: 2 * count + 1, payload: cancelled }),
  ],
  "headers that never end": (count) =>
    count === 0
      ? [frame({ type: headers, stream: 1, payload: call })]
      : [frame({ type: continuation, stream: 1, payload: headerFields({ x: "x".repeat(16_000) }) })],
  "bytes beyond the window": (count) => [
    ...(count === 0 ? [frame({ type: headers, flags: endHeaders, stream: 1, payload: call })] : []),
    frame({ type: data, stream: 1, payload: Buffer.alloc(16_384) }),
  ],
  "a window that overflows": () => [
    frame({ type: windowUpdate, payload: Buffer.of(0x7f, 0xff, 0xff, 0xff) }),
  ],
};

/** Frames that demand answers. */
const demands: Record<string, Buffer> = {
  "pings without reading": frame({ type: ping, payload: Buffer.alloc(8) }),
  "settings without reading": frame({ type: settings, payload: Buffer.of(0, 3, 0, 0, 0, 100) }),
};

/** Number of repetitions after which a connection must be closed. */
const mostRepetitions = 200_000;

/** Sends frames until the connection is closed; returns whether it was. */
async function flood(attack: (count: number) => Buffer[], repetitions: number): Promise<boolean> {
  using connection = await begin();
  connection.pause();
  connection.writeBytes(Buffer.concat([preface, frame({ type: settings })]));
  let closed = false;
  void connection.ended.then(() => {
    closed = true;
  });
  for (let count = 0; count < repetitions && !closed; count++) {
    connection.writeBytes(Buffer.concat(attack(count)));
    if (count % 50 === 0) await connection.flushed();
    if (count % 1000 === 0) await expectAnswer();
  }
  await expectAnswer();
  return closed;
}

describe("while a client sends", () => {
  test.each(Object.entries(floods))(
    "%s, others are answered, and its connection is closed",
    async (_, attack) => {
      expect(await flood(attack, mostRepetitions)).toBe(true);
    },
    120_000,
  );

  test.each(Object.entries(demands))(
    "%s, others are answered",
    async (_, demand) => {
      await flood(() => [demand], 20_000);
    },
    120_000,
  );
});

test(
  "any frames end a connection at most, and others are answered",
  async () => {
    const typed = [data, headers, 2, reset, settings, 5, ping, 7, windowUpdate, continuation, 10].map(
      (type) =>
        frame({ type, flags: endHeaders, stream: type === settings || type === ping ? 0 : 1, payload: call }),
    );
    const frames = fc.array(fc.oneof(mutated(typed), fc.constantFrom(...typed)), { maxLength: 20 });
    const property = fc.asyncProperty(frames, async (parts) => {
      using connection = await begin();
      connection.writeBytes(Buffer.concat([preface, frame({ type: settings }), ...parts]));
      connection.endWriting();
      await expectAnswer();
    });
    await fc.assert(property, parameters);
  },
  timeout,
);
