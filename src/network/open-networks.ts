import type { Database } from "bun:sqlite";
import { openNetHelper } from "#native/net/net-helper.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { openPool } from "#support/concurrency/pool.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import { hostRoutes } from "./addresses/subnets.ts";
import { filterNetworks } from "./filter.ts";
import { type Bridge, bridgeRequest, openBridge } from "./namespaces/bridge.ts";
import { openSandboxes } from "./namespaces/network-namespaces.ts";
import { isPredefined, type Joined, type Network } from "./network.ts";
import { defaultNetwork, type JoinRequest, type Networks } from "./networks.ts";
import { planNetwork } from "./plan-network.ts";
import { compilePruneFilters } from "./prune.ts";
import { openNetworkRecords } from "./records.ts";
import { checkSettings } from "./settings.ts";

export interface NetworksOptions {
  database: Database;
  zygote: Pick<Zygote, "net">;
  /** Users of networks by the network's name; a running container is active. */
  uses: UsageQueries<"network">;
  /** Tells what happened to a network (Docker's events). */
  notify: (action: "create" | "destroy", network: Network) => void;
  warn: (what: string, error: unknown) => void;
}

/** For some starts at once; one takes about 300 KiB of the kernel. */
const ready = 4;

/** Milliseconds before a helper that dies again and again is started. */
const again = 1000;

/** Opens the networks of a store. The helper is started at once, and nobody waits for it. */
export function openNetworks({ database, zygote, uses, notify, warn }: NetworksOptions): Networks {
  const records = openNetworkRecords(database);
  const bridges = new Map<string, Bridge>();
  const open = (network: Network) => {
    const bridge = openBridge(network);
    if (bridge) bridges.set(network.id, bridge);
    return bridge;
  };
  for (const network of records.all()) open(network);
  /** What containers that run are in. */
  const active = new Map<number, Joined>();
  let lostAt = Number.NEGATIVE_INFINITY;
  let trouble: string | undefined;
  const helper = openNetHelper({
    connect: (listener) => zygote.net(listener),
    async restore(fresh) {
      for (const bridge of bridges.values()) {
        await fresh.perform({ type: "network", ...bridgeRequest(bridge) });
      }
      const { uplink, sandboxes: known, published } = await fresh.survey();
      for (const joined of active.values()) {
        if (!known.includes(joined.sandbox)) continue;
        await sandboxes.tellNames(joined, fresh);
        if (published.includes(joined.sandbox)) continue;
        const restored = sandboxes.publishAgain(joined, fresh);
        await restored.catch((error) => warn("publish the ports of a container again", error));
      }
      // A zygote that has died took them with it.
      pool.keep(({ sandbox }) => known.includes(sandbox));
      trouble =
        uplink.kind === "none"
          ? `containers reach nothing beyond their networks: ${uplink.reason}`
          : undefined;
      if (trouble !== undefined) warn("network", new Error(trouble));
    },
    lost() {
      // What containers have of it is to be back without anybody asking, but not over and over.
      const now = performance.now();
      const wait = now - lostAt < again ? again : 0;
      lostAt = now;
      const start = () => helper.survey().catch((error) => warn("start the net helper again", error));
      setTimeout(start, wait).unref();
    },
  });
  const sandboxes = openSandboxes(helper, bridges, records.byId);
  const usual = { network: records.find(defaultNetwork), settings: {}, names: [] };
  const make = () => sandboxes.make([usual], []);
  const pool = openPool({ create: make, size: ready, delay: 20, retryDelay: 10_000 });
  const noted = <T extends Joined | undefined>(joined: T): T => {
    if (joined) active.set(joined.sandbox, joined);
    return joined;
  };

  async function remove(network: Network): Promise<void> {
    records.delete(network.id);
    bridges.delete(network.id);
    await helper
      .perform({ type: "remove-network", id: network.id })
      .catch((error) => warn(`remove the bridge of network ${network.name}`, error));
    notify("destroy", network);
  }

  return {
    get: records.find,
    named: (name) => records.all().find((network) => network.id === name || network.name === name),
    list: (filters) => filterNetworks(records.all(), filters, ({ name }) => uses.isUsed("network", name)),
    create(request) {
      const plan = planNetwork(request, { networks: records.all(), routes: hostRoutes() });
      const network = records.add(plan);
      const bridge = open(network);
      // The helper is told before anything that comes later; what keeps it from obeying shows when one joins.
      const made = bridge && helper.perform({ type: "network", ...bridgeRequest(bridge) });
      made?.catch((error) => warn(`make the bridge of network ${network.name}`, error));
      notify("create", network);
      return network;
    },
    async remove(name) {
      const network = records.find(name);
      if (isPredefined(network)) {
        throw new TboxError("forbidden", `${network.name} is a pre-defined network and cannot be removed`);
      }
      const running = uses.users("network", network.name).filter(({ active }) => active);
      if (running.length > 0) {
        const names = running.map((container) => `name:"${container.name}"`).join(", ");
        const message = `error while removing network: network ${network.name} id ${network.id} has active endpoints (${names})`;
        throw new TboxError("forbidden", message);
      }
      await remove(network);
    },
    async prune(filters) {
      const passes = compilePruneFilters(filters);
      const unused = records.all().filter((one) => !isPredefined(one) && !uses.isUsed("network", one.name));
      const pruned = unused.filter(passes);
      for (const network of pruned) await remove(network);
      return pruned.map(({ name }) => name);
    },
    check: checkSettings,
    join(request) {
      const taken = request.fresh || !isUsual(request) ? undefined : pool.take();
      if (taken) return noted(taken);
      return sandboxes.make(request.places, request.servers).then(noted, (error) => {
        if (isUsual(request)) trouble = `containers have no network: ${errorChain(error)}`;
        // Who asks for more than any network is not to get less.
        if (!isUsual(request)) throw error;
        warn("network", error);
        return undefined;
      });
    },
    connect: sandboxes.connect,
    disconnect: sandboxes.disconnect,
    async rename(joined, namesOn) {
      for (const endpoint of joined.endpoints) {
        const network = records.byId(endpoint.network);
        if (network && endpoint.names) endpoint.names = namesOn(network);
      }
      await sandboxes.tellNames(joined);
    },
    publish: sandboxes.publish,
    isReachable: (joined) => sandboxes.gateways(joined).ipv4 !== undefined,
    gateway: (joined) =>
      (joined && sandboxes.gateways(joined).ipv4?.ipv4.gateway) ?? usual.network.ipv4?.gateway,
    upcoming: pool.peek,
    async leave(joined) {
      active.delete(joined.sandbox);
      const release = helper.perform({ type: "release", sandboxes: [joined.sandbox] });
      // A helper that has died has let go of it, too.
      const released = release.catch((error) => warn("leave the network", error));
      sandboxes.release(joined);
      if (joined.ports) await released;
    },
    async adopt(inUse) {
      for (const joined of inUse) {
        noted(joined);
        sandboxes.adopt(joined);
      }
      try {
        const kept = new Set(inUse.map(({ sandbox }) => sandbox));
        const { sandboxes: found } = await helper.survey();
        const lost = found.filter((one) => one <= sandboxes.before && !kept.has(one));
        await helper.perform({ type: "release", sandboxes: lost });
      } catch (error) {
        trouble = `containers have no network: ${errorChain(error)}`;
        warn("network", error);
      }
      pool.fill();
    },
    trouble: () => trouble,
    state: () => helper.survey(),
    async [Symbol.asyncDispose]() {
      pool.close();
      helper[Symbol.dispose]();
    },
  };
}

/** Whether any of those that are ready will do. */
function isUsual({ places: [first, ...others], servers }: JoinRequest): boolean {
  if (!first || others.length > 0 || servers.length > 0) return false;
  return first.network.name === defaultNetwork && Object.keys(first.settings).length === 0;
}
