import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { frameHeaderLength } from "#api/streams/frame.ts";
import { parseDockerfile } from "#builds/dockerfile/parse.ts";
import { createFrameDecoder } from "#client/streams/frames.ts";
import { addon } from "#native/addon/addon.ts";
import { repository } from "#test/support/repository.ts";
import { bytesOf, mutated, parameters, timeout } from "./mutated.ts";

function filesOf(directory: string, name: string): Uint8Array[] {
  return readdirSync(`${repository}/${directory}`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(name))
    .map((path) => readFileSync(`${repository}/${directory}/${path}`).subarray(0, 2048));
}

test(
  "a Dockerfile is parsed or refused at a line",
  () => {
    const corpus = [
      ...filesOf("src/builds/dockerfile/cases", "Dockerfile"),
      bytesOf("# escape=`\nFROM a AS b\nRUN <<X <<-Y\nx\nX\n\ty\n\tY\n"),
      bytesOf('FROM a\nCOPY --from=b ["x", "y"] /\nENV A="b c" D=\\\n e\nHEALTHCHECK --interval=1s CMD x\n'),
    ];
    const property = fc.property(mutated(corpus), (bytes) => {
      try {
        const { statements } = parseDockerfile(new TextDecoder().decode(bytes));
        const lines = statements.map((one) => one.lines);
        expect(lines.every(({ start, end }) => start >= 1 && end >= start)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: "invalid-argument" });
      }
    });
    fc.assert(property, parameters);
  },
  timeout,
);

test(
  "frames have the same chunks wherever the stream is cut, and no more bytes than the stream",
  () => {
    const frame = (type: number, text: string) => {
      const bytes = new Uint8Array(frameHeaderLength + text.length);
      bytes[0] = type;
      new DataView(bytes.buffer).setUint32(4, text.length);
      bytes.set(bytesOf(text), frameHeaderLength);
      return bytes;
    };
    const corpus = [frame(1, "out"), frame(2, ""), frame(3, "x".repeat(300)), frame(200, "{}")];
    const inputs = fc.tuple(mutated(corpus), fc.array(fc.nat(64), { minLength: 1, maxLength: 20 }));
    const property = fc.property(inputs, ([bytes, cuts]) => {
      expect(decode(bytes, cuts)).toEqual(decode(bytes, [bytes.length]));
    });
    fc.assert(property, parameters);
  },
  timeout,
);

/** Returns the payloads of a stream that arrives in pieces, joined by type as long as the type stays. */
function decode(bytes: Uint8Array, cuts: number[]): [number, number[]][] {
  const decoder = createFrameDecoder();
  const payloads: [number, number[]][] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const end = at + Math.max(1, cuts[turn % cuts.length] ?? 1);
    for (const { type, bytes: chunk } of decoder.push(bytes.slice(at, end))) {
      const last = payloads.at(-1);
      if (last?.[0] === type) last[1].push(...chunk);
      else payloads.push([type, [...chunk]]);
    }
    at = end;
  }
  return payloads;
}

test(
  "a seccomp profile is compiled or refused with the line or the field",
  () => {
    const corpus = [
      '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"syscalls":[{"names":["read","clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2114060288,"valueTwo":1,"op":"SCMP_CMP_MASKED_EQ"}],"includes":{"caps":["CAP_SYS_ADMIN"],"minKernel":"4.8"},"excludes":{"arches":["arm64"]}}]}',
      '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"],"syscalls":[{"name":"mkdir","action":"SCMP_ACT_ERRNO","errno":"ENOSPC"}]}',
    ].map(bytesOf);
    const property = fc.property(mutated(corpus), (bytes) => {
      try {
        const compiled = addon().compileSeccomp(new TextDecoder().decode(bytes), ["SYS_ADMIN"]);
        expect((compiled?.program.length ?? 0) % 8).toBe(0);
      } catch (error) {
        expect(error).toMatchObject({ code: "EINVAL", message: expect.stringContaining("seccomp profile") });
      }
    });
    fc.assert(property, parameters);
  },
  timeout,
);
