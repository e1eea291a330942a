import type { Duplex } from "node:stream";

/** A chunk of a program's output. */
export interface OutputChunk {
  stream: "stdout" | "stderr";
  text: string;
}

const headLength = 8;

/** Decodes the multiplexed output of a container into text. A character split across two frames stays intact. */
export async function* readOutput(stream: Duplex): AsyncGenerator<OutputChunk> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
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
