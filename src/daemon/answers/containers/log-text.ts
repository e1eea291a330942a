import type { LogRecord } from "#containers/streams/logs.ts";

/** Options of `GET /containers/{id}/logs` that decide about the bytes. */
export interface LogShape {
  timestamps: boolean;
  /** Text before every line, after its time; empty for none. */
  details: string;
  /** Docker's frames with eight bytes of header, or the text alone. */
  framing: "multiplexed" | "raw";
}

/** Yields the bytes of `GET /containers/{id}/logs`. Only the beginning of a line gets a time and details. */
export async function* shapeLog(
  records: AsyncIterable<LogRecord>,
  { timestamps, details, framing }: LogShape,
): AsyncGenerator<Uint8Array, void, void> {
  const within = { stdout: false, stderr: false };
  for await (const { stream, text, time, bytes: raw } of records) {
    const prefix = within[stream] ? "" : `${timestamps ? `${time} ` : ""}${details}`;
    const logged = raw ?? Buffer.from(text);
    within[stream] = logged.at(-1) !== newline;
    const bytes = prefix === "" ? logged : Buffer.concat([Buffer.from(prefix), logged]);
    yield framing === "raw" ? bytes : frame(stream, bytes);
  }
}

const newline = 0x0a;

function frame(stream: "stdout" | "stderr", bytes: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(8 + bytes.length);
  framed.writeUInt32BE(stream === "stdout" ? 0x0100_0000 : 0x0200_0000, 0);
  framed.writeUInt32BE(bytes.length, 4);
  framed.set(bytes, 8);
  return framed;
}
