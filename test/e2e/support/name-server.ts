/**
 * A DNS server for tests: `bun name-server.ts MARK DIRECTORY ADDRESS...` listens on port 53 of each address. It answers every
 * query with the current text of DIRECTORY/ADDRESS and appends the name to DIRECTORY/asked. MARK identifies the process.
 */
import { appendFileSync, readFileSync } from "node:fs";

const [, directory = "", ...addresses] = process.argv.slice(2);

function answer(question: Buffer, address: string): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  appendFileSync(`${directory}/asked`, `${labels.join(".")}\n`);
  const isAddress = question.readUInt16BE(at + 1) === 1;
  const reply = Buffer.from(question.subarray(0, at + 5));
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(isAddress ? 1 : 0, 6);
  reply.writeUInt32BE(0, 8);
  if (!isAddress) return reply;
  const bytes = readFileSync(`${directory}/${address}`, "utf8").trim().split(".").map(Number);
  return Buffer.concat([reply, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...bytes])]);
}

for (const hostname of addresses) {
  await Bun.udpSocket({
    hostname,
    port: 53,
    socket: {
      data: (socket, data, port, from) => void socket.send(answer(Buffer.from(data), hostname), port, from),
    },
  });
  Bun.listen({
    hostname,
    port: 53,
    socket: {
      data(socket, data) {
        const reply = answer(Buffer.from(data.subarray(2)), hostname);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      },
    },
  });
}
