import { isDistrust } from "./connection-failure.ts";
import type { Connection } from "./transport.ts";

/** How long a host may take to say that it speaks TLS, in milliseconds. */
const patience = 10_000;

/** Whether a host speaks TLS, be its certificate trusted or not. */
export async function speaksTls(
  host: URL,
  connect: (url: URL) => Promise<Connection>,
  signal: AbortSignal,
): Promise<boolean> {
  const way = await connect(host);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  try {
    const response = await fetch(new URL("/v2/", host), { ...way, redirect: "manual", signal: limited });
    await response.body?.cancel();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return isDistrust(error);
  }
}
