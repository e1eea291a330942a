import type { NetHelper } from "#native/net/net-helper.ts";
import type { Defer } from "#support/concurrency/deferred-work.ts";
import type { Pool } from "#support/concurrency/pool.ts";
import { errorChain } from "#support/errors.ts";
import type { Warn } from "#support/log.ts";
import type { NetworkNamespaces } from "./namespaces/network-namespaces.ts";
import type { ReusedNamespaces } from "./namespaces/reused-namespaces.ts";
import type { Network, NetworkNamespace } from "./network.ts";
import { defaultNetwork, type JoinRequest, type NetworkAttachments } from "./networks.ts";
import type { NetworkRecords } from "./records.ts";

/** State that requests share with the recovery from a dead net helper. */
export interface AttachmentState {
  /** Namespaces of running containers, by their number. */
  active: Map<number, NetworkNamespace>;
  problem: string | undefined;
}

export interface AttachmentsOptions {
  state: AttachmentState;
  records: NetworkRecords;
  helper: Pick<NetHelper, "perform" | "getState">;
  namespaces: NetworkNamespaces;
  /** Namespaces with one endpoint on the default network. */
  prepared: Pool<NetworkNamespace>;
  reused: ReusedNamespaces;
  defer: Defer;
  warn: Warn;
}

export function openAttachments(options: AttachmentsOptions): NetworkAttachments {
  const { state, records, namespaces, prepared, reused } = options;
  const fallback = records.find(defaultNetwork).ipv4?.gateway;
  return {
    join(request) {
      const ready = request.fresh || !isDefault(request) ? undefined : prepared.take();
      if (!ready) return createNamespace(options, request);
      state.active.set(ready.sandbox, ready);
      if (request.isolated) reused.lend(ready);
      return ready;
    },
    connect(namespace, network, endpoint) {
      reused.change(namespace);
      return namespaces.connect(namespace, network, endpoint);
    },
    disconnect(namespace, network) {
      reused.change(namespace);
      return namespaces.disconnect(namespace, network);
    },
    rename(namespace, namesOn) {
      reused.change(namespace);
      return rename(options, namespace, namesOn);
    },
    publish(namespace, ports) {
      reused.change(namespace);
      return namespaces.publish(namespace, ports);
    },
    isReachable: (namespace) => namespaces.defaultRoutes(namespace).ipv4 !== undefined,
    gateway: (namespace) => (namespace && namespaces.defaultRoutes(namespace).ipv4?.ipv4.gateway) ?? fallback,
    upcoming: prepared.peek,
    leave: (namespace) => leave(options, namespace),
    adopt: (inUse) => adopt(options, inUse),
  };
}

/** Tests whether a prepared namespace fits. */
function isDefault({ endpoints: [first, ...others], servers }: JoinRequest): boolean {
  if (!first || others.length > 0 || servers.length > 0) return false;
  return first.network.name === defaultNetwork && Object.keys(first.settings).length === 0;
}

async function createNamespace(
  { state, namespaces, warn }: AttachmentsOptions,
  request: JoinRequest,
): Promise<NetworkNamespace | undefined> {
  try {
    const namespace = await namespaces.create(request.endpoints, request.servers);
    state.active.set(namespace.sandbox, namespace);
    return namespace;
  } catch (error) {
    // A container with other network settings must not silently start without them.
    if (!isDefault(request)) throw error;
    state.problem = `containers have no network: ${errorChain(error)}`;
    warn("create a network namespace", error);
    return undefined;
  }
}

async function rename(
  { records, namespaces }: AttachmentsOptions,
  namespace: NetworkNamespace,
  namesOn: (network: Network) => string[],
): Promise<void> {
  for (const endpoint of namespace.endpoints) {
    const network = records.byId(endpoint.network);
    if (network && endpoint.names) endpoint.names = namesOn(network);
  }
  await namespaces.sendNames(namespace);
}

async function leave(options: AttachmentsOptions, namespace: NetworkNamespace): Promise<void> {
  options.state.active.delete(namespace.sandbox);
  if (options.reused.take(namespace)) return;
  const released = releaseNamespace(options, namespace);
  if (namespace.ports) await released;
}

/** Releases a namespace and its addresses. The promise resolves when the helper has done so. */
export function releaseNamespace(
  { helper, namespaces, warn }: Pick<AttachmentsOptions, "helper" | "namespaces" | "warn">,
  namespace: NetworkNamespace,
): Promise<void> {
  // A helper that has died has released the namespace as well.
  const released = helper
    .perform({ type: "release", sandboxes: [namespace.sandbox] })
    .catch((error) => warn("release a network namespace", error));
  namespaces.releaseAddresses(namespace);
  return released;
}

function adopt(options: AttachmentsOptions, inUse: NetworkNamespace[]): void {
  for (const namespace of inUse) {
    options.state.active.set(namespace.sandbox, namespace);
    options.namespaces.adopt(namespace);
  }
  const connect = () => connectHelper(options, inUse);
  // The helper that serves running containers has been started already, and their names take long to send. Any other helper
  // starts now, so that the first container finds a namespace.
  if (inUse.length > 0) options.defer("connect to the net helper", connect);
  else void connect();
}

/** Connects to the net helper, releases the namespaces that no container uses, and prepares new ones. */
async function connectHelper(
  { state, helper, namespaces, prepared, warn }: AttachmentsOptions,
  inUse: NetworkNamespace[],
): Promise<void> {
  try {
    const kept = new Set(inUse.map(({ sandbox }) => sandbox));
    const { namespaces: found } = await helper.getState();
    const unused = found.filter((number) => number <= namespaces.lastForeign && !kept.has(number));
    await helper.perform({ type: "release", sandboxes: unused });
  } catch (error) {
    state.problem = `containers have no network: ${errorChain(error)}`;
    warn("find the network namespaces of running containers", error);
  }
  prepared.fill();
}
