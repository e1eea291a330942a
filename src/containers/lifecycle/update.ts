import { TboxError } from "#support/errors.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import { limitMode, resolveLimits } from "../limits/resolve-limits.ts";
import { type Resources, resourcesOf } from "../limits/resources.ts";
import { applySettings, mergeResources } from "../limits/update-limits.ts";
import type { HostConfig } from "../request/create-request.ts";
import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";
import { checkRestartPolicy } from "./restart-policy.ts";

/** Settings of a container that can change. */
export type ContainerChanges = Pick<HostConfig, "RestartPolicy"> & Resources;

/**
 * Changes all of the given settings of a container, or none of them. A running container is changed at once. Returns
 * warnings.
 */
export function updateContainer(
  services: ContainerServices,
  name: string,
  changes: ContainerChanges,
): { warnings: string[] } {
  const record = services.records.find(name);
  const { hostConfig } = record;
  const { RestartPolicy } = changes;
  if (RestartPolicy) checkRestartPolicy(RestartPolicy, false);
  if (hostConfig.AutoRemove && !["", "no", undefined].includes(RestartPolicy?.Name)) {
    const rule = "Restart policy cannot be updated because AutoRemove is enabled for the container";
    throw new TboxError("conflict", rule);
  }
  const requested = resourcesOf(changes);
  const { delegation } = services.zygote;
  const mode = limitMode(hostConfig.Annotations, services.limitMode);
  const { settings, resources, warnings } = resolveLimits(
    mergeResources(resourcesOf(hostConfig), requested),
    delegation,
    mode,
  );
  const cgroup = isRunning(record) ? cgroupOf(record) : undefined;
  if (isRunning(record) && !cgroup && settings.length > 0) {
    const message = `cannot limit container ${record.name}: it was started without a cgroup: tbox restart ${record.name}`;
    throw new TboxError("conflict", message);
  }
  if (cgroup && Object.keys(requested).length > 0) applySettings(cgroup, settings);
  Object.assign(hostConfig, resources, RestartPolicy ? { RestartPolicy } : {});
  services.records.save(record);
  services.notify("update", record);
  return { warnings };
}
