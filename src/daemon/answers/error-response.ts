import { type Issue, issueOf, toIssue } from "#api/schema/issue.ts";
import { type ErrorCode, errorChain, TboxError } from "#support/errors.ts";
import { logError } from "../log.ts";

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
  const issue = issueOf(error);
  const answer = issue === undefined ? describeElysiaError(error) : describeIssue(issue);
  if (answer !== undefined) return answer;
  logError("request failed", error);
  return { status: 500, message: errorChain(error) };
}

/** Docker's error response. */
export function errorResponse(error: unknown): Response {
  const { status, message } = describeError(error);
  return Response.json({ message }, { status });
}

function describeElysiaError(error: unknown): ErrorAnswer | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  switch (error.code) {
    case "NOT_FOUND":
      return { status: 404, message: "page not found" };
    case "PARSE":
      return { status: 400, message: "invalid request body" };
    case "VALIDATION": {
      const issue = toIssue("valueError" in error ? error.valueError : undefined);
      // An answer that does not pass its own schema is the daemon's fault.
      if ("type" in error && error.type === "response") {
        logError("invalid answer", new Error(issue.message));
        return { status: 500, message: "the daemon made an invalid answer" };
      }
      return describeIssue(issue);
    }
    default:
      return undefined;
  }
}

function describeIssue({ message, notSupported }: Issue): ErrorAnswer {
  return { status: notSupported ? statuses["not-implemented"] : statuses["invalid-argument"], message };
}
