import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { extract } from "tar-stream";
import type { Answer } from "./exchange.ts";

/** Body of an answer in the form that is compared. */
export type Content =
  | { kind: "none" }
  | { kind: "json"; value: unknown }
  | { kind: "lines"; values: unknown[] }
  | { kind: "streams"; stdout: string; stderr: string }
  | { kind: "tree"; entries: Record<string, unknown> }
  | { kind: "text"; text: string };

/** Decodes a body by its first bytes. Ignores the header. */
export async function readContent({ body, headers }: Answer): Promise<Content> {
  if (body.length === 0) return { kind: "none" };
  if (body.subarray(257, 262).toString() === "ustar") return { kind: "tree", entries: await readTree(body) };
  if (body.length >= 8 && body.readUInt32BE(0) >>> 24 <= 2 && (body.readUInt32BE(0) & 0xffffff) === 0)
    return { kind: "streams", ...readFrames(body) };
  const text = body.toString();
  const value = parse(text);
  // One line of a stream is JSON too.
  const stream = typeof value === "object" && value !== null && "timeNano" in value;
  if (value !== undefined && !stream) return { kind: "json", value };
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const values = lines.map(parse);
  const whole = headers["content-type"] !== undefined && values.every((one) => one !== undefined);
  return whole ? { kind: "lines", values } : { kind: "text", text };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readFrames(body: Buffer): { stdout: string; stderr: string } {
  const parts: string[] = ["", "", ""];
  for (let at = 0; at + 8 <= body.length; at += 8 + body.readUInt32BE(at + 4)) {
    const stream = body[at] ?? 0;
    parts[stream] += body.subarray(at + 8, at + 8 + body.readUInt32BE(at + 4)).toString();
  }
  return { stdout: `${parts[0]}${parts[1]}`, stderr: parts[2] ?? "" };
}

async function readTree(body: Buffer): Promise<Record<string, unknown>> {
  const entries: Record<string, unknown> = {};
  const reader = Readable.from([body]).pipe(extract());
  try {
    for await (const entry of reader) {
      const { name, type, mode, uid, gid, linkname, size } = entry.header;
      const chunks: Buffer[] = [];
      for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
      const sha = createHash("sha256").update(Buffer.concat(chunks)).digest("hex").slice(0, 8);
      entries[name] = { type, mode: mode?.toString(8), owner: `${uid}:${gid}`, linkname, size, sha };
    }
  } catch (error) {
    entries["(broken archive)"] = String(error);
  }
  return entries;
}
