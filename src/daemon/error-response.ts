import { z } from "zod";
import { notSupported } from "#api/docker-object.ts";
import { type ErrorCode, errorChain, TboxError } from "#support/errors.ts";
import { logError } from "./log.ts";

export interface ErrorAnswer {
  status: number;
  message: string;
}

const statuses: Record<ErrorCode, number> = {
  "not-found": 404,
  "already-exists": 409,
  conflict: 409,
  "invalid-argument": 400,
  unauthorized: 401,
  forbidden: 403,
  unavailable: 503,
  "not-implemented": 501,
  cancelled: 503,
  internal: 500,
};

/** What a client is told of a failure; what is nobody's fault but the daemon's goes to the log too. */
export function describeError(error: unknown): ErrorAnswer {
  if (error instanceof TboxError) {
    const status = statuses[error.code];
    if (status === 500) logError("request failed", error);
    return { status, message: errorChain(error) };
  }
  if (error instanceof z.ZodError) return describeIssue(error.issues[0]);
  const answer = describeElysiaError(error);
  if (answer !== undefined) return answer;
  logError("request failed", error);
  return { status: 500, message: errorChain(error) };
}

/** Docker's error response. */
export function errorResponse(error: unknown): Response {
  const { status, message } = describeError(error);
  return Response.json({ message }, { status });
}

interface Issue {
  path?: PropertyKey[] | undefined;
  message?: string | undefined;
  params?: unknown;
}

function describeElysiaError(error: unknown): ErrorAnswer | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  switch (error.code) {
    case "NOT_FOUND":
      return { status: 404, message: "page not found" };
    case "PARSE":
      return { status: 400, message: "invalid request body" };
    case "VALIDATION": {
      const issue = "valueError" in error ? toIssue(error.valueError) : undefined;
      // An answer that does not pass its own schema is the daemon's fault.
      if ("type" in error && error.type === "response") {
        logError("invalid answer", new Error(describeIssue(issue).message));
        return { status: 500, message: "the daemon made an invalid answer" };
      }
      return describeIssue(issue);
    }
    default:
      return undefined;
  }
}

function toIssue(value: unknown): Issue | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}

function describeIssue(issue: Issue | undefined): ErrorAnswer {
  const path = issue?.path?.map(String).join(".") ?? "";
  const message = `${path === "" ? "" : `${path}: `}${issue?.message ?? "invalid request"}`;
  return { status: issue?.params === notSupported ? statuses["not-implemented"] : 400, message };
}
