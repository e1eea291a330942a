import { type ErrorCode, errorChain, TboxError } from "#support/errors.ts";
import { rpcStatus } from "../protocol/common.ts";
import type { Decoded } from "../protocol/schema.ts";

/** Status codes of gRPC. */
export const statusCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export type ErrorDetail = { typeUrl: string; value: Uint8Array };

/** A call that ended with a status other than OK. */
export class GrpcError extends Error {
  readonly code: number;
  readonly details: ErrorDetail[];

  constructor(code: number, message: string, details: ErrorDetail[] = []) {
    super(message);
    this.name = "GrpcError";
    this.code = code;
    this.details = details;
  }
}

const codes: Record<ErrorCode, number> = {
  "not-found": statusCode.notFound,
  "already-exists": statusCode.alreadyExists,
  conflict: statusCode.failedPrecondition,
  "invalid-argument": statusCode.invalidArgument,
  unauthorized: statusCode.unauthenticated,
  forbidden: statusCode.permissionDenied,
  unavailable: statusCode.unavailable,
  "not-implemented": statusCode.unimplemented,
  cancelled: statusCode.cancelled,
  internal: statusCode.internal,
};

/** Returns the error that ends a call, for any error. */
export function toGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  const code = error instanceof TboxError ? codes[error.code] : statusCode.unknown;
  return new GrpcError(code, errorChain(error));
}

/** Returns the trailers for the end of a call. */
export function trailersOf(error: GrpcError | undefined): Record<string, string> {
  if (error === undefined) return { "grpc-status": "0" };
  const { code, message, details } = error;
  const trailers = { "grpc-status": String(code), "grpc-message": encodeMessage(message) };
  if (details.length === 0) return trailers;
  const status = Buffer.from(rpcStatus.encode({ code, message, details }));
  return { ...trailers, "grpc-status-details-bin": status.toString("base64").replace(/=+$/, "") };
}

/** Returns the error that the trailers of a call report; undefined for OK. */
export function errorOfTrailers(trailers: Record<string, unknown>): GrpcError | undefined {
  const code = Number(trailers["grpc-status"] ?? statusCode.unknown);
  if (code === statusCode.ok) return undefined;
  const { details } = statusIn(trailers["grpc-status-details-bin"]);
  return new GrpcError(code, decodeMessage(String(trailers["grpc-message"] ?? "")), details);
}

function statusIn(header: unknown): GrpcError {
  return errorOfStatus(typeof header === "string" ? rpcStatus.decode(Buffer.from(header, "base64")) : {});
}

/** Returns the error that a `google.rpc.Status` describes. */
export function errorOfStatus({ code, message, details }: Partial<Decoded<typeof rpcStatus>>): GrpcError {
  const given = (details ?? []).map(({ typeUrl = "", value = new Uint8Array() }) => ({ typeUrl, value }));
  return new GrpcError(code ?? statusCode.unknown, message ?? "", given);
}

/** Percent-encodes the bytes that a header may not contain. */
function encodeMessage(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
