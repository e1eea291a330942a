import { z } from "zod";
import { notSupported } from "./docker-object.ts";

/** The first thing that is wrong with a request. */
export interface Issue {
  /** With the path of the field in front. */
  message: string;
  /** Whether the request is valid, but asks for what tbox does not do yet. */
  notSupported: boolean;
}

/** The issue of an error that a schema threw; nothing for other errors. */
export function issueOf(error: unknown): Issue | undefined {
  return error instanceof z.ZodError ? toIssue(error.issues[0]) : undefined;
}

/** An issue as schemas report it, from a place that does not know its type. */
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
