import type { NetHelper } from "#native/net/net-helper.ts";
import { TboxError } from "#support/errors.ts";
import type { Warn } from "#support/log.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import { hostRoutes } from "./addresses/subnets.ts";
import { filterNetworks } from "./filter.ts";
import type { Bridges } from "./namespaces/bridges.ts";
import { isPredefined, type Network } from "./network.ts";
import type { NetworkCatalog } from "./networks.ts";
import { planNetwork } from "./plan-network.ts";
import { compilePruneFilters } from "./prune.ts";
import type { NetworkRecords } from "./records.ts";
import { checkSettings } from "./settings.ts";

export interface CatalogOptions {
  records: NetworkRecords;
  bridges: Bridges;
  helper: Pick<NetHelper, "perform">;
  uses: UsageQueries<"network">;
  notify: (action: "create" | "destroy", network: Network) => void;
  warn: Warn;
}

export function openCatalog(options: CatalogOptions): NetworkCatalog {
  const { records, bridges, uses } = options;
  const isUsed = ({ name }: Network) => uses.isUsed("network", name);
  return {
    get: records.find,
    named: (name) => records.byId(name) ?? records.named(name),
    list: (filters) => filterNetworks(records.all(), filters, isUsed),
    revision: records.revision,
    create(request) {
      const plan = planNetwork(request, {
        networks: records.all(),
        named: records.named,
        routes: hostRoutes(),
      });
      const network = records.add(plan);
      bridges.add(network);
      options.notify("create", network);
      return network;
    },
    async remove(name) {
      const network = records.find(name);
      refuseRemoval(options, network);
      await removeNetwork(options, network);
    },
    async prune(filters) {
      const passes = compilePruneFilters(filters);
      const unused = records.all().filter((network) => !isPredefined(network) && !isUsed(network));
      const pruned = unused.filter(passes);
      for (const network of pruned) await removeNetwork(options, network);
      return pruned.map(({ name }) => name);
    },
    check: checkSettings,
  };
}

function refuseRemoval({ uses }: CatalogOptions, network: Network): void {
  if (isPredefined(network)) {
    throw new TboxError("forbidden", `${network.name} is a pre-defined network and cannot be removed`);
  }
  const active = uses.users("network", network.name).filter((user) => user.active);
  if (active.length === 0) return;
  const names = active.map((user) => `name:"${user.name}"`).join(", ");
  const message = `error while removing network: network ${network.name} id ${network.id} has active endpoints (${names})`;
  throw new TboxError("forbidden", message);
}

async function removeNetwork(
  { records, bridges, helper, notify, warn }: CatalogOptions,
  network: Network,
): Promise<void> {
  records.delete(network.id);
  bridges.delete(network.id);
  await helper
    .perform({ type: "remove-network", id: network.id })
    .catch((error) => warn(`remove the bridge of network ${network.name}`, error));
  notify("destroy", network);
}
