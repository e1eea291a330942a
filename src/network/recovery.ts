import type { NetHelper, NetHelperRequests } from "#native/net/net-helper.ts";
import type { Pool } from "#support/concurrency/pool.ts";
import type { Warn } from "#support/log.ts";
import type { AttachmentState } from "./attachments.ts";
import { bridgeRequest } from "./namespaces/bridge.ts";
import type { Bridges } from "./namespaces/bridges.ts";
import type { NetworkNamespaces } from "./namespaces/network-namespaces.ts";
import type { NetworkNamespace } from "./network.ts";

/** Shortest time in milliseconds between two starts of a helper that dies repeatedly. */
const restartInterval = 1000;

interface RecoveryOptions {
  state: AttachmentState;
  bridges: Bridges;
  namespaces: NetworkNamespaces;
  prepared: Pool<NetworkNamespace>;
  warn: Warn;
}

/** Sends the used bridges, names and published ports to a helper that has just started or been found. */
export async function restoreNetworks(
  helper: NetHelperRequests,
  { state, bridges, namespaces, prepared, warn }: RecoveryOptions,
): Promise<void> {
  for (const bridge of bridges.used()) {
    await helper.perform({ type: "network", ...bridgeRequest(bridge) });
  }
  const { uplink, namespaces: known, published } = await helper.getState();
  for (const namespace of state.active.values()) {
    if (!known.includes(namespace.sandbox)) continue;
    await namespaces.sendNames(namespace, helper);
    if (published.includes(namespace.sandbox)) continue;
    const restored = namespaces.publishAgain(namespace, helper);
    await restored.catch((error) => warn("publish the ports of a container again", error));
  }
  // Prepared namespaces die with the zygote.
  prepared.keep(({ sandbox }) => known.includes(sandbox));
  state.problem =
    uplink.kind === "none" ? `containers reach nothing beyond their networks: ${uplink.reason}` : undefined;
  if (state.problem !== undefined) warn(state.problem);
}

/** Returns a callback that starts a dead helper again, so that the ports of running containers come back. */
export function createRestarter(helper: () => NetHelper, warn: Warn): () => void {
  let lostAt = Number.NEGATIVE_INFINITY;
  const start = () => {
    helper()
      .getState()
      .catch((error) => warn("start the net helper again", error));
  };
  return () => {
    const now = performance.now();
    const wait = now - lostAt < restartInterval ? restartInterval : 0;
    lostAt = now;
    setTimeout(start, wait).unref();
  };
}
