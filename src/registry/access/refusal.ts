import { TboxError } from "#support/errors.ts";
import { readBody } from "../connection/body.ts";

const errorLimit = 64 * 1024;

export interface Refused {
  action: "pull" | "push";
  /** The repository as users write it. */
  name: string;
  /** What was asked for. */
  what: string;
}

/** Why a registry did not do what it was asked, in Docker's words where clients look for them. */
export async function refusal(response: Response, { action, name, what }: Refused): Promise<TboxError> {
  const bytes = await readBody(response, errorLimit, what).catch(() => new Uint8Array());
  const { code, message } = firstError(bytes);
  const { status } = response;
  if (status === 401 || status === 403) return denial({ action, name }, status, code, message);
  if (status === 404) return new TboxError("not-found", `${what} not found${message ? `: ${message}` : ""}`);
  return new TboxError("unavailable", `${what}: the registry answered ${status} ${message}`.trim());
}

function denial(
  { action, name }: Pick<Refused, "action" | "name">,
  status: 401 | 403,
  code: string,
  message: string,
): TboxError {
  if (action === "pull") {
    const hint = `repository does not exist or may require 'docker login'`;
    return new TboxError("not-found", `pull access denied for ${name}, ${hint}: ${message || "denied"}`);
  }
  // The answer to a HEAD says nothing.
  const usual =
    status === 401
      ? "unauthorized: authentication required"
      : "denied: requested access to the resource is denied";
  const reason = message === "" ? usual : `${code.toLowerCase()}: ${message}`;
  return new TboxError("forbidden", `push access denied for ${name}, may require 'docker login': ${reason}`);
}

/** The first of a registry's errors (OCI distribution-spec, "Error Codes"). */
function firstError(bytes: Uint8Array): { code: string; message: string } {
  try {
    const first = JSON.parse(new TextDecoder().decode(bytes)).errors?.[0];
    return { code: String(first?.code ?? ""), message: String(first?.message ?? "").slice(0, 500) };
  } catch {
    return { code: "", message: "" };
  }
}
