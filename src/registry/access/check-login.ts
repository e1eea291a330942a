import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import { registryBase } from "./registry-base.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { openSession } from "./session.ts";

/** Throws unauthorized, in Docker's words, unless a registry accepts the credentials. */
export async function checkLogin(
  domain: string,
  credentials: RegistryCredentials,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<void> {
  const base = registryBase(domain, options.insecure);
  const session = openSession({ ...options, base, scopes: [], credentials });
  const response = await session.send("/v2/", { signal });
  await response.body?.cancel();
  if (response.ok) return;
  const { status, statusText } = response;
  const url = new URL("/v2/", session.base);
  const code = status === 401 || status === 403 ? "unauthorized" : "unavailable";
  throw new TboxError(code, `login attempt to ${url} failed with status: ${status} ${statusText}`.trim());
}
