import type { LineRange } from "#builds/dockerfile/statement.ts";
import type { ErrorDetail } from "../grpc/grpc-error.ts";

/** A Dockerfile. */
export interface SourceText {
  name: string;
  text: string;
}

/** Returns the Dockerfile and the lines of a warning. */
export function sourceOf({ name, text }: SourceText, { start, end }: LineRange) {
  return {
    info: { filename: name, data: Buffer.from(text), language: "Dockerfile" },
    ranges: [{ start: { line: start }, end: { line: end } }],
  };
}

/** Returns the detail of an error, from which clients print the lines at fault. Details are JSON inside protobuf. */
export function sourceDetail({ name, text }: SourceText, { start, end }: LineRange): ErrorDetail {
  const value = {
    info: { filename: name, data: Buffer.from(text).toString("base64"), language: "Dockerfile" },
    ranges: [{ start: { line: start }, end: { line: end } }],
  };
  return {
    typeUrl: "github.com/moby/buildkit/errdefs.Source+json",
    value: Buffer.from(JSON.stringify(value)),
  };
}
