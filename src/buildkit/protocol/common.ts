import { bytes, type Decoded, integer, manyNested, message, text } from "./schema.ts";

/** `google.protobuf.Timestamp`. */
export const timestamp = message({ seconds: integer(1), nanos: integer(2) });

/** Returns the timestamp of a moment in milliseconds since the epoch. */
export function timestampOf(milliseconds: number): Decoded<typeof timestamp> {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.floor((milliseconds - seconds * 1000) * 1e6) };
}

/** `google.protobuf.Any`. */
const anyMessage = message({ typeUrl: text(1), value: bytes(2) });

/** `google.rpc.Status`. */
export const rpcStatus = message({ code: integer(1), message: text(2), details: manyNested(anyMessage, 3) });

/** A message without fields, or one whose fields are not used here. */
export const emptyMessage = message({});

/** A part of a byte stream. */
export const bytesMessage = message({ data: bytes(1) });
