import { isCertificateError } from "./connection-failure.ts";
import type { Connection } from "./transport.ts";

/** Timeout of the probe, in milliseconds. */
const timeout = 10_000;

/** Returns whether a host speaks TLS, with a trusted certificate or not. */
export async function probeTls(
  host: URL,
  connect: (url: URL) => Promise<Connection>,
  signal: AbortSignal,
): Promise<boolean> {
  const connection = await connect(host);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  try {
    const response = await fetch(new URL("/v2/", host), {
      ...connection,
      redirect: "manual",
      signal: limited,
    });
    await response.body?.cancel();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return isCertificateError(error);
  }
}
