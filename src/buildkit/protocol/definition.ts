import {
  bytes,
  type Decoded,
  integer,
  manyBytes,
  manyNested,
  message,
  nested,
  nestedMap,
  text,
  textMap,
  texts,
} from "./schema.ts";

/** `pb.Platform`. */
export const platform = message({
  architecture: text(1),
  os: text(2),
  variant: text(3),
  osVersion: text(4),
  osFeatures: texts(5),
});

const input = message({ digest: text(1), index: integer(2) });

/** A source: `docker-image://…`, `git://…`, `local://…`. */
const sourceOperation = message({ identifier: text(1), attributes: textMap(2) });

/** `pb.Op`; operations other than sources and passthroughs are skipped. */
export const operation = message({ inputs: manyNested(input, 1), source: nested(sourceOperation, 3) });

/**
 * `pb.Definition`: encoded operations, the last of which names the result. Clients treat a definition without metadata as
 * absent.
 */
export const definition = message({ operations: manyBytes(1), metadata: nestedMap(message({}), 2) });
export type Definition = Decoded<typeof definition>;

const position = message({ line: integer(1), character: integer(2) });

/** Lines of a source file; both ends are included. */
export const sourceRange = message({ start: nested(position, 1), end: nested(position, 2) });

export const sourceInfo = message({ filename: text(1), data: bytes(2), language: text(4) });
