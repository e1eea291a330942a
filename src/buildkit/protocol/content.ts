import { bytes, integer, message, nested, text } from "./schema.ts";

/** Messages of `containerd.services.content.v1.Content`, by which a client serves a content store. */
export const readContentRequest = message({ digest: text(1), offset: integer(2), size: integer(3) });
export const readContentResponse = message({ offset: integer(1), data: bytes(2) });

export const infoRequest = message({ digest: text(1) });
export const infoResponse = message({ info: nested(message({ digest: text(1), size: integer(2) }), 1) });

/** Actions of a write: asks for the state, adds bytes, or completes the blob. */
export const writeAction = { stat: 0, write: 1, commit: 2 } as const;

export const writeContentRequest = message({
  action: integer(1),
  ref: text(2),
  total: integer(3),
  expected: text(4),
  offset: integer(5),
  data: bytes(6),
});
export const writeContentResponse = message({ action: integer(1), offset: integer(4), total: integer(5) });
