import { invalidArgument } from "#support/errors.ts";
import { namesOn } from "../networking/network-request.ts";
import { parseName } from "../request/name.ts";
import { type Fleet, refuseTakenName } from "../services.ts";

/** Gives a container another name. */
export function renameContainer(fleet: Fleet, name: string, wanted: string): Promise<void> {
  const { id } = fleet.records.find(name);
  return fleet.companion(id).inTurn(async () => {
    const record = fleet.records.find(id);
    if (wanted === "") throw invalidArgument("Neither old nor new names may be empty");
    const next = parseName(wanted);
    if (next === record.name) {
      throw invalidArgument("Renaming a container with the same name as its current name");
    }
    refuseTakenName(fleet, next);
    const before = record.name;
    fleet.records.rename(record, next);
    if (record.network) await fleet.networks.rename(record.network, (network) => namesOn(record, network));
    fleet.notify("rename", record, { oldName: `/${before}` });
  });
}
