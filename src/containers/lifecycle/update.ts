import { TboxError } from "#support/errors.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import { type Resources, resourcesOf } from "../limits/resources.ts";
import { limitMode, settleLimits } from "../limits/settle-limits.ts";
import { applySettings, mergeResources } from "../limits/update-limits.ts";
import type { HostConfig } from "../request/create-request.ts";
import { type Fleet, isRunning } from "../services.ts";
import { checkRestartPolicy } from "./restart-policy.ts";

/** What may be changed of a container. */
export type ContainerChanges = Pick<HostConfig, "RestartPolicy"> & Resources;

/** Changes a container, at once if it runs; all of it or nothing. Gives warnings. */
export function updateContainer(
  fleet: Fleet,
  name: string,
  changes: ContainerChanges,
): { warnings: string[] } {
  const record = fleet.records.find(name);
  const { hostConfig } = record;
  const { RestartPolicy } = changes;
  if (RestartPolicy) checkRestartPolicy(RestartPolicy, hostConfig.AutoRemove ?? false);
  const asked = resourcesOf(changes);
  const { delegation } = fleet.zygote;
  const mode = limitMode(hostConfig.Annotations, fleet.limitMode);
  const { settings, resources, warnings } = settleLimits(
    mergeResources(resourcesOf(hostConfig), asked),
    delegation,
    mode,
  );
  const cgroup = isRunning(record) ? cgroupOf(record) : undefined;
  if (isRunning(record) && !cgroup && settings.length > 0) {
    const message = `container ${record.name} was started without a cgroup of its own: tbox restart ${record.name}`;
    throw new TboxError("conflict", message);
  }
  if (cgroup && Object.keys(asked).length > 0) applySettings(cgroup, settings);
  Object.assign(hostConfig, resources, RestartPolicy ? { RestartPolicy } : {});
  fleet.records.save(record);
  fleet.notify("update", record);
  return { warnings };
}
