import { defaultNetwork } from "#network/networks.ts";
import { TboxError } from "#support/errors.ts";
import { type Fleet, isRunning } from "../services.ts";
import { writeNetworkFiles } from "./join.ts";

/** Takes a container's word for another one on the default network from it. */
export function unlinkContainer(fleet: Fleet, name: string, alias: string): Promise<void> {
  const { id } = fleet.records.find(name);
  return fleet.companion(id).inTurn(async () => {
    const record = fleet.records.find(id);
    const settings = record.networks?.[defaultNetwork];
    const left = settings?.links?.filter((link) => link.alias !== alias);
    if (!left || left.length === settings?.links?.length) {
      throw new TboxError("not-found", `No such link: /${record.name}/${alias}`);
    }
    record.networks = { ...record.networks, [defaultNetwork]: { ...settings, links: left } };
    fleet.records.save(record);
    if (isRunning(record)) writeNetworkFiles(fleet, record, record.network);
  });
}
