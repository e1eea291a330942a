import { invalidArgument } from "#support/errors.ts";
import { namesOn } from "../networking/network-request.ts";
import { parseName } from "../request/container-name.ts";
import type { ContainerServices } from "../services.ts";
import { requireFreeName } from "../state/container-records.ts";

/** Renames a container, on its networks too. */
export async function renameContainer(
  services: ContainerServices,
  name: string,
  wanted: string,
): Promise<void> {
  if (wanted === "") throw invalidArgument("Neither old nor new names may be empty");
  const { id } = services.records.find(name);
  await services.runtime(id).queue(async () => {
    const record = services.records.find(id);
    const newName = parseName(wanted);
    if (newName === record.name) {
      throw invalidArgument("Renaming a container with the same name as its current name");
    }
    requireFreeName(services.records, newName);
    const oldName = record.name;
    services.records.rename(record, newName);
    if (record.network) {
      await services.networks.rename(record.network, (network) => namesOn(record, network));
    }
    services.notify("rename", record, { oldName: `/${oldName}` });
  });
}
