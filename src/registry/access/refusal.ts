import { TboxError } from "#support/errors.ts";
import { readBody } from "../connection/body.ts";

/** Longest error body that is read, in bytes. */
const errorLimit = 64 * 1024;

/** The refused operation. */
export interface RefusedOperation {
  action: "pull" | "push";
  /** Familiar name of the repository. */
  name: string;
  /** Requested object, for messages. */
  subject: string;
}

/** Returns the error for a registry's refusal, in Docker's words where clients match them. */
export async function refusal(
  response: Response,
  { action, name, subject }: RefusedOperation,
): Promise<TboxError> {
  const bytes = await readBody(response, errorLimit, subject).catch(() => new Uint8Array());
  const { code, message } = firstError(bytes);
  const { status } = response;
  if (status === 401 || status === 403) return denial({ action, name }, { status, code, message });
  if (status === 404) {
    return new TboxError("not-found", `${subject} not found${message ? `: ${message}` : ""}`);
  }
  return new TboxError("unavailable", `${subject}: the registry answered ${status} ${message}`.trim());
}

function denial(
  { action, name }: Pick<RefusedOperation, "action" | "name">,
  { status, code, message }: { status: 401 | 403; code: string; message: string },
): TboxError {
  if (action === "pull") {
    const hint = `repository does not exist or may require 'docker login'`;
    return new TboxError("not-found", `pull access denied for ${name}, ${hint}: ${message || "denied"}`);
  }
  // The answer to a HEAD request has no body, so the reason is unknown.
  const usual =
    status === 401
      ? "unauthorized: authentication required"
      : "denied: requested access to the resource is denied";
  const reason = message === "" ? usual : `${code.toLowerCase()}: ${message}`;
  return new TboxError("forbidden", `push access denied for ${name}, may require 'docker login': ${reason}`);
}

/** Returns the first error of a registry's answer (OCI distribution-spec, "Error Codes"). */
function firstError(bytes: Uint8Array): { code: string; message: string } {
  try {
    const first = JSON.parse(new TextDecoder().decode(bytes)).errors?.[0];
    return { code: String(first?.code ?? ""), message: String(first?.message ?? "").slice(0, 500) };
  } catch {
    return { code: "", message: "" };
  }
}
