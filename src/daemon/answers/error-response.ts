import type { ErrorAnswer } from "#api/answers/system.ts";
import { type Issue, issueOf, toIssue } from "#api/schema/issue.ts";
import { dataDirectory } from "#support/directories.ts";
import { type ErrorCode, errorChain, TboxError } from "#support/errors.ts";
import { describeFullDisk, isFullDisk } from "#support/full-disk.ts";
import { openLog } from "#support/log.ts";

const log = openLog("api");

/** Status and message of an error, as clients get them. */
export interface DescribedError {
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

/**
 * Returns the status and message of an error. Writes internal errors to the log too. The message for a full disk names
 * the store, what is free and a remedy.
 */
export function describeError(error: unknown): DescribedError {
  const described = describePlain(error);
  if (!isFullDisk(error)) return described;
  const { status, message } = described;
  return { status, message: `${message}: ${describeFullDisk(dataDirectory(process.env))}` };
}

function describePlain(error: unknown): DescribedError {
  if (error instanceof TboxError) {
    const status = statuses[error.code];
    if (status === 500) log.error("request failed", error);
    return { status, message: errorChain(error) };
  }
  const issue = issueOf(error);
  const described = issue === undefined ? describeElysiaError(error) : describeIssue(issue);
  if (described !== undefined) return described;
  log.error("request failed", error);
  return { status: 500, message: errorChain(error) };
}

/** Returns Docker's error response. */
export function errorResponse(error: unknown): Response {
  const { status, message } = describeError(error);
  const answer: ErrorAnswer = { message };
  return Response.json(answer, { status });
}

function describeElysiaError(error: unknown): DescribedError | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  switch (error.code) {
    case "NOT_FOUND":
      return { status: 404, message: "page not found" };
    case "PARSE":
      return { status: 400, message: "invalid request body" };
    case "VALIDATION": {
      const issue = toIssue("valueError" in error ? error.valueError : undefined);
      // An answer that does not match its own schema is the daemon's fault.
      if ("type" in error && error.type === "response") {
        log.error("invalid answer", new Error(issue.message));
        return { status: 500, message: "the daemon made an invalid answer" };
      }
      return describeIssue(issue);
    }
    default:
      return undefined;
  }
}

function describeIssue({ message, notSupported }: Issue): DescribedError {
  return { status: notSupported ? statuses["not-implemented"] : statuses["invalid-argument"], message };
}
