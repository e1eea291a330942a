import type { ErrorAnswer } from "#api/answers/system.ts";
import { type Issue, issueOf, toIssue } from "#api/schema/issue.ts";
import { dataDirectory } from "#support/directories.ts";
import { type ErrorCode, errorChain, TboxError } from "#support/errors.ts";
import { describeFullDisk, isFullDisk } from "#support/full-disk.ts";
import { openLog } from "#support/log.ts";
import { isJsonType } from "../http/request-body.ts";
import { outputMediaType } from "./containers/output-format.ts";

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
 * the store, its free space and a remedy.
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
  // The client has cancelled its request, so nobody reads the answer.
  if (error instanceof DOMException && error.name === "AbortError") {
    return { status: statuses.cancelled, message: error.message };
  }
  const issue = issueOf(error);
  const described = issue === undefined ? describeElysiaError(error) : describeIssue(issue);
  if (described !== undefined) return described;
  log.error("request failed", error);
  return { status: 500, message: errorChain(error) };
}

/** Returns Docker's error response. The request, if known, gives the declared type of an invalid body. */
export function errorResponse(error: unknown, request?: Request): Response {
  const { status, message } = describeBodyType(error, request) ?? describeError(error);
  const answer: ErrorAnswer = { message };
  return Response.json(answer, { status });
}

/** Returns an error response as text, as Docker sends it to clients of an API version that it no longer supports. */
export function plainErrorResponse(error: unknown): Response {
  const { status, message } = describeError(error);
  const headers = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };
  return new Response(`${message}\n`, { status, headers });
}

/** Returns an error response as Docker sends it for an attach: its text in place of the container's output. */
export function streamErrorResponse(error: unknown): Response {
  const { status, message } = describeError(error);
  return new Response(`${message}\r\n`, { status, headers: { "Content-Type": outputMediaType(true, 0) } });
}

/** Describes an invalid body whose declared type is not JSON. */
function describeBodyType(error: unknown, request: Request | undefined): DescribedError | undefined {
  const inBody = error instanceof Error && "code" in error && error.code === "VALIDATION" && "type" in error;
  if (!inBody || error.type !== "body" || request === undefined || request.body === null) return undefined;
  const type = request.headers.get("content-type") ?? "";
  if (isJsonType(type)) return undefined;
  return {
    status: statuses["invalid-argument"],
    message: `unsupported Content-Type header (${type}): must be 'application/json'`,
  };
}

function describeElysiaError(error: unknown): DescribedError | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  switch (error.code) {
    case "NOT_FOUND":
      return { status: 404, message: "page not found" };
    case "PARSE":
      return error.cause instanceof TboxError
        ? describePlain(error.cause)
        : { status: 400, message: "invalid request body" };
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
