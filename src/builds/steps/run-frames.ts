import type { Duplex } from "node:stream";

/** A piece of a program's output. */
export interface OutputPiece {
  stream: "stdout" | "stderr";
  text: string;
}

const headLength = 8;

/** Takes the multiplexed streams of a container apart; characters cut in two are put together again. */
export async function* readOutput(stream: Duplex): AsyncGenerator<OutputPiece> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let rest = Buffer.alloc(0);
  for await (const piece of stream) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (;;) {
      if (rest.length < headLength) break;
      const length = rest.readUInt32BE(4);
      if (rest.length < headLength + length) break;
      const name = rest[0] === 2 ? "stderr" : "stdout";
      const text = decoders[name].decode(rest.subarray(headLength, headLength + length), { stream: true });
      if (text !== "") yield { stream: name, text };
      rest = rest.subarray(headLength + length);
    }
  }
}
