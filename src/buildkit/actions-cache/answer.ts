import { type ErrorCode, TboxError } from "#support/errors.ts";
import type { HttpAnswer } from "#support/http/send-request.ts";

/** Longest answer that is read, in bytes. */
const mostBytes = 1024 * 1024;

/** An answer of the cache service other than success. */
export class ServiceError extends TboxError {
  readonly status: number;
  /** Wait that the server demands, in milliseconds. */
  readonly after: number | undefined;
  /** Whether the key of the request exists already. */
  readonly taken: boolean;

  constructor(message: string, { status, after, taken }: Pick<ServiceError, "status" | "after" | "taken">) {
    super(codeOf(status), message);
    this.status = status;
    this.after = after;
    this.taken = taken;
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return "unauthorized";
  return status === 403 ? "forbidden" : "unavailable";
}

/** Reads the JSON object of an answer; undefined if the answer is empty or is not an object. */
export async function readAnswer(answer: HttpAnswer): Promise<Record<string, unknown> | undefined> {
  return parseJsonObject(await readText(answer));
}

/** Returns the error for an answer other than success. */
export async function errorOf(answer: HttpAnswer, { host }: URL): Promise<ServiceError> {
  const { status } = answer;
  const text = await readText(answer).catch(() => "");
  const { message, msg, code, typeKey } = parseJsonObject(text) ?? {};
  const reason = [message, msg, code].find((one) => typeof one === "string" && one !== "") ?? plain(text);
  const seconds = Number(answer.header("retry-after") ?? Number.NaN);
  return new ServiceError(`the actions cache at ${host} answered ${status}${reason ? `: ${reason}` : ""}`, {
    status,
    after: Number.isNaN(seconds) ? undefined : seconds * 1000,
    taken:
      status === 409 ||
      code === "already_exists" ||
      /AlreadyExists/.test(String(typeKey)) ||
      /already exists/i.test(String(reason)),
  });
}

/** Returns the start of a text without markup, such as the page of a proxy. */
function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 200);
}

async function readText(answer: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > mostBytes) {
      answer.discard();
      break;
    }
    chunks.push(chunk);
  }
  // Some answers begin with a byte order mark, which the decoder removes.
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Parses a JSON object; undefined for anything else. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}
