import type { DaemonSocket } from "../daemon/socket-path.ts";
import { findContext, tlsOf } from "./context-store.ts";
import { parseEndpoint } from "./endpoint.ts";
import { openEndpoint } from "./open-endpoint.ts";

/** Returns a socket that leads to the daemon of a stored context. */
export async function openContext(
  environment: Record<string, string | undefined>,
  name: string,
): Promise<DaemonSocket> {
  const context = findContext(environment, name);
  return openEndpoint(parseEndpoint(context.host, tlsOf(context)), context.host);
}
