import { defaultNetwork } from "#network/networks.ts";
import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";
import { writeNetworkFiles } from "./network-files.ts";

/** Removes a link on the default network, from a running container too. Throws not-found for an unknown alias. */
export function unlinkContainer(services: ContainerServices, name: string, alias: string): Promise<void> {
  const { id } = services.records.find(name);
  return services.runtime(id).queue(async () => {
    const record = services.records.find(id);
    const settings = record.networks?.[defaultNetwork];
    const remaining = settings?.links?.filter((link) => link.alias !== alias);
    if (!remaining || remaining.length === settings?.links?.length) {
      throw new TboxError("not-found", `No such link: /${record.name}/${alias}`);
    }
    record.networks = { ...record.networks, [defaultNetwork]: { ...settings, links: remaining } };
    services.records.save(record);
    if (isRunning(record)) writeNetworkFiles(services, record, record.network);
  });
}
