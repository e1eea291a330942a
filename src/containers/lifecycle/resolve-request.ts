import { isIP } from "node:net";
import { invalidArgument } from "#support/errors.ts";
import { parseCgroupParent } from "../limits/cgroups.ts";
import { resolveOomScore } from "../limits/oom-score.ts";
import { limitMode, resolveLimits, withDefaults } from "../limits/resolve-limits.ts";
import { resourceFields, resourcesOf } from "../limits/resources.ts";
import { planPorts } from "../networking/ports.ts";
import type { HostConfig } from "../request/create-request.ts";
import { checkDevices } from "../request/devices.ts";
import { checkMountOptions } from "../request/mount-options.ts";
import { parseSignal } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { planVolumes } from "../volumes/plan-volumes.ts";
import { planLaunch } from "./plan-launch.ts";
import { checkRestartPolicy } from "./restart-policy.ts";
import { resolveNamespaceModes } from "./shared-namespaces.ts";

/** Checks the record of a new container and completes it with volumes, limits and namespace modes. Returns warnings. */
export function resolveRequest(services: ContainerServices, record: ContainerRecord): string[] {
  const { hostConfig: host, config } = record;
  const planned = planVolumes({
    host,
    anonymous: Object.keys(config.Volumes ?? {}),
    find: services.records.find,
  });
  if (planned.binds.length > 0) host.Binds = [...(host.Binds ?? []), ...planned.binds];
  if (planned.volumes.length > 0) record.volumes = planned.volumes;
  const warnings = resolveNamespaceModes(services.records, host, config);
  checkRecord(record);
  return [...warnings, ...planned.warnings, ...applyLimits(services, host), ...checkDevices(host.Devices)];
}

/** Throws for a container that could never start. */
function checkRecord(record: ContainerRecord): void {
  planLaunch(record, { diffIds: [], hostname: record.config.Hostname ?? "" });
  planPorts(record.config, record.hostConfig);
  checkRestartPolicy(record.hostConfig.RestartPolicy ?? {}, record.hostConfig.AutoRemove ?? false);
  const badServer = (record.hostConfig.Dns ?? []).find((server) => isIP(server) === 0);
  if (badServer !== undefined)
    throw invalidArgument(`bad nameserver: ${JSON.stringify(badServer)}: not an IP address`);
  for (const mount of record.hostConfig.Mounts ?? []) checkMountOptions(mount);
  if (record.config.StopSignal) parseSignal(record.config.StopSignal);
  for (const text of [
    record.path,
    ...record.args,
    ...(record.config.Env ?? []),
    record.config.WorkingDir ?? "",
  ]) {
    if (text.includes("\0")) throw invalidArgument("an argument contains a null character");
  }
}

/** Replaces the requested limits with those that will be enforced, defaults included. Returns warnings. */
function applyLimits(
  { zygote: { delegation }, limitMode: defaultMode }: ContainerServices,
  host: HostConfig,
): string[] {
  parseCgroupParent(host.CgroupParent);
  const oom = resolveOomScore(host.OomScoreAdj);
  if (oom.score !== undefined) host.OomScoreAdj = oom.score;
  const mode = limitMode(host.Annotations, defaultMode);
  const requested = withDefaults(resourcesOf(host), delegation);
  const { resources, warnings } = resolveLimits(requested, delegation, mode);
  for (const field of resourceFields) delete host[field];
  Object.assign(host, resources);
  return [...warnings, ...oom.warnings];
}
