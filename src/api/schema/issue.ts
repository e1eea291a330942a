import { z } from "zod";
import { notSupported } from "./docker-object.ts";

/** The first validation issue of a request. */
export interface Issue {
  /** Message with the path of the field in front. */
  message: string;
  /** Whether the request is valid and asks for a feature that tbox does not support yet. */
  notSupported: boolean;
}

/** Returns the issue of an error that a schema threw; undefined for other errors. */
export function issueOf(error: unknown): Issue | undefined {
  return error instanceof z.ZodError ? toIssue(error.issues[0]) : undefined;
}

/** Converts an issue of a schema that a library passed on without its type. */
export function toIssue(value: unknown): Issue {
  const {
    path = [],
    message = "invalid request",
    params,
  }: Partial<Record<string, unknown>> = typeof value === "object" && value !== null ? { ...value } : {};
  const field = Array.isArray(path) ? path.map(String).join(".") : "";
  return {
    message: field === "" ? String(message) : `${field}: ${message}`,
    notSupported: params === notSupported,
  };
}
