import type { Database } from "bun:sqlite";
import { openNetHelper } from "#native/net/net-helper.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { Defer } from "#support/concurrency/deferred-work.ts";
import { openPool } from "#support/concurrency/pool.ts";
import type { Warn } from "#support/log.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import { type AttachmentState, openAttachments, releaseNamespace } from "./attachments.ts";
import { openCatalog } from "./catalog.ts";
import { openBridges } from "./namespaces/bridges.ts";
import { openNetworkNamespaces } from "./namespaces/network-namespaces.ts";
import { openReusedNamespaces } from "./namespaces/reused-namespaces.ts";
import type { Network } from "./network.ts";
import { defaultNetwork, type Networks } from "./networks.ts";
import { openNetworkRecords } from "./records.ts";
import { createRestarter, restoreNetworks } from "./recovery.ts";

export interface NetworksOptions {
  database: Database;
  zygote: Pick<Zygote, "net" | "watchNetworks">;
  /** Users of networks by the network's name; a running container is active. */
  uses: UsageQueries<"network">;
  /** Publishes a network event (Docker's events). */
  notify: (action: "create" | "destroy", network: Network) => void;
  /** Runs work that no request waits for. */
  defer: Defer;
  warn: Warn;
}

/** Number of namespaces prepared for concurrent starts; each takes about 300 KiB of kernel memory. */
const preparedNamespaces = 4;

/** Time in milliseconds for the zygote's report about the namespace of an ended container. */
const reportPatience = 200;

/** Opens the networks of a store. The net helper starts with the first request or with `adopt`. */
export function openNetworks({ database, zygote, uses, notify, defer, warn }: NetworksOptions): Networks {
  const records = openNetworkRecords(database, warn);
  const bridges = openBridges(records.all());
  const state: AttachmentState = { active: new Map(), problem: undefined };
  const helper = openNetHelper({
    connect: (listener) => zygote.net(listener),
    restore: (fresh) => restoreNetworks(fresh, { state, bridges, namespaces, prepared, warn }),
    onDeath: createRestarter(() => helper, warn),
  });
  const namespaces = openNetworkNamespaces({ helper, bridges, networkOf: records.byId });
  const endpoint = { network: records.find(defaultNetwork), settings: {}, names: [] };
  // The kernel creates several namespaces no faster in parallel, and a container start needs the processor first.
  const prepared = openPool({
    async create() {
      const namespace = await namespaces.create([endpoint], []);
      await reused.prepare(namespace.sandbox);
      return namespace;
    },
    size: preparedNamespaces,
    delay: 20,
    retryDelay: 10_000,
  });
  const reused = openReusedNamespaces({
    add: prepared.add,
    release: (namespace) => void releaseNamespace({ helper, namespaces, warn }, namespace),
    patience: reportPatience,
  });
  zygote.watchNetworks(reused);
  return {
    ...openCatalog({ records, bridges, helper, uses, notify, warn }),
    ...openAttachments({ state, records, helper, namespaces, prepared, reused, defer, warn }),
    problem: () => state.problem,
    state: () => helper.getState(),
    async [Symbol.asyncDispose]() {
      prepared.close();
      reused.close();
      helper[Symbol.dispose]();
    },
  };
}
