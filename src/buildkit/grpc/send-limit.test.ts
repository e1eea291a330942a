import { expect, test } from "bun:test";
import { createServer, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { connect } from "node:net";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openGrpcClient } from "./client.ts";
import { sendMessage } from "./frames.ts";

/** A server that counts the bytes that it receives between two settings frames, and answers a call at its end. */
function countingServer() {
  const counts = [0];
  const received: Buffer[] = [];
  const server = createServer();
  server.on("session", (session: Http2Session) => session.on("remoteSettings", () => counts.push(0)));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("data", (chunk: Buffer) => {
      counts[counts.length - 1] = (counts.at(-1) ?? 0) + chunk.length;
      received.push(chunk);
    });
    stream.on("end", () => sendMessage(stream, Buffer.from("whole")).then(() => stream.end()));
  });
  return { server, counts, received: () => Buffer.concat(received) };
}

test("a peer receives few bytes before it confirms them, and all messages in order", async () => {
  using directory = temporaryDirectory("grpc");
  const { server, counts, received } = countingServer();
  await new Promise<void>((resolve) => void server.listen(`${directory.path}/sock`, resolve));
  const client = openGrpcClient(connect(`${directory.path}/sock`));
  const { signal } = new AbortController();
  // The first call waits for the start of the session.
  const first = client.call("/test", {}, signal);
  first.end();
  await Array.fromAsync(first.messages);
  const call = client.call("/test", {}, signal);
  const messages = Array.from({ length: 5 }, (_, number) => Buffer.alloc(100_000, number + 1));
  // Nobody waits for the messages before the end.
  for (const message of messages) void call.send(message);
  call.end();
  const answers = await Array.fromAsync(call.messages);
  expect(answers.map(String)).toEqual(["whole"]);
  expect(Buffer.concat(messages).equals(withoutPrefixes(received()))).toBe(true);
  expect(Math.max(...counts)).toBeLessThanOrEqual(20_000);
  client.close();
  server.close();
});

function withoutPrefixes(bytes: Buffer): Buffer {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(messages);
}
