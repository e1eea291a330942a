import { existsSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import type { DiffId } from "#oci/digest.ts";
import { parsePlatform } from "#oci/platform.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { makeVolumes, planVolumes } from "../files/container-volumes.ts";
import { partsOf } from "../limits/cgroups.ts";
import { checkOomScore } from "../limits/oom-score.ts";
import { resourceFields, resourcesOf } from "../limits/resources.ts";
import { limitMode, settleLimits, withDefaults } from "../limits/settle-limits.ts";
import { etcFiles, type NameSettings } from "../networking/etc-files.ts";
import { networkMode } from "../networking/network-mode.ts";
import { networkWarnings, requestedNetworks } from "../networking/network-request.ts";
import { planPorts } from "../networking/ports.ts";
import type { CreateRequest, HostConfig } from "../request/create-request.ts";
import { checkDevices } from "../request/devices.ts";
import { mergeConfig } from "../request/merge-config.ts";
import { planMounts } from "../request/mounts.ts";
import { inventName, parseName } from "../request/name.ts";
import { parseSignal } from "../request/signals.ts";
import { type Fleet, refuseTakenName } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { planLaunch } from "./plan-launch.ts";
import { checkRestartPolicy } from "./restart-policy.ts";
import { settleModes } from "./shared-namespaces.ts";

const never = "0001-01-01T00:00:00Z";

/** Makes a container: everything that can be refused is refused here, and nothing is left of it then. */
export async function createContainer(
  fleet: Fleet,
  request: CreateRequest,
  options: { name?: string; platform?: string; layers?: DiffId[] },
): Promise<{ id: string; warnings: string[] }> {
  const name = options.name
    ? parseName(options.name)
    : inventName((taken) => fleet.records.named(taken) !== undefined);
  refuseTakenName(fleet, name);
  const { layers } = options;
  const image = layers ? undefined : await resolveImage(fleet, request, options.platform);
  // Another request may have taken the name while the image was looked up.
  refuseTakenName(fleet, name);
  const { config, path, args } = mergeConfig(request, image?.config.config);
  const host = { ...request.HostConfig };
  if (request.NetworkDisabled) host.NetworkMode = "none";
  const networks = requestedNetworks(fleet, { ...request, HostConfig: host });
  delete host.Links;
  const sharer = sharedWith(fleet, host);
  if (sharer) host.NetworkMode = `container:${sharer.id}`;
  const record: ContainerRecord = {
    id: "",
    name,
    created: new Date().toISOString(),
    image: request.Image ?? "",
    ...(image ? { imageId: image.id } : {}),
    ...(layers ? { layers } : {}),
    path,
    args,
    config,
    hostConfig: host,
    ...(networks ? { networks } : {}),
    state: {
      status: "created",
      pid: 0,
      exitCode: 0,
      oomKilled: false,
      error: "",
      startedAt: never,
      finishedAt: never,
    },
    phases: [],
    restartCount: 0,
  };
  const planned = planVolumes({
    host,
    anonymous: Object.keys({ ...image?.config.config?.Volumes, ...config.Volumes }),
    find: fleet.records.find,
  });
  if (planned.binds.length > 0) host.Binds = [...(host.Binds ?? []), ...planned.binds];
  if (planned.volumes.length > 0) record.volumes = planned.volumes;
  const warnings = settleModes(fleet, host, config);
  check(record);
  warnings.push(...limit(fleet, host), ...checkDevices(host.Devices));
  makeSources(host);
  if (sharer?.config.Hostname !== undefined) config.Hostname = sharer.config.Hostname;
  record.id = makeDirectory(fleet, record);
  if (record.volumes) record.volumes = makeVolumes(fleet.volumes, record.volumes);
  record.config = { ...config, Hostname: hostnameOf(record.id, record) };
  fleet.records.save(record);
  fleet.notify("create", record);
  return { id: record.id, warnings: [...warnings, ...networkWarnings(fleet, record)] };
}

/** The container whose network another is to be in, if it is to. */
function sharedWith({ records }: Fleet, { NetworkMode }: HostConfig): ContainerRecord | undefined {
  const mode = networkMode(NetworkMode);
  return mode.kind === "container" ? records.find(mode.container) : undefined;
}

/** The name that the container's program sees. */
function hostnameOf(id: string, { config, hostConfig }: NameSettings): string {
  const name = config.Hostname || (sharesName(hostConfig) ? hostname() : id.slice(0, 12));
  if (/^[\w.-]{1,64}$/.test(name)) return name;
  // A machine that was given no name is called "(none)" by its kernel.
  if (name === "(none)" && !config.Hostname) return "localhost";
  throw invalidArgument(`invalid hostname ${JSON.stringify(name)}`);
}

function sharesName({ NetworkMode, UTSMode }: HostConfig): boolean {
  return NetworkMode === "host" || UTSMode === "host";
}

async function resolveImage(fleet: Fleet, request: CreateRequest, platform: string | undefined) {
  if (request.Rootfs === undefined) {
    if (!request.Image) throw invalidArgument("no image specified");
    return fleet.images.resolve(
      request.Image,
      platform === undefined || platform === "" ? undefined : parsePlatform(platform),
    );
  }
  if (request.Image) throw invalidArgument("Rootfs and Image exclude each other");
  if (!request.Rootfs.startsWith("/")) {
    throw invalidArgument(`Rootfs must be an absolute path: ${request.Rootfs}`);
  }
  return undefined;
}

/** Plans the launch for its refusals only: a container that cannot be started is not made. */
function check(record: ContainerRecord): void {
  planLaunch(record, { diffIds: [], hostname: record.config.Hostname ?? "" });
  planPorts(record.config, record.hostConfig);
  checkRestartPolicy(record.hostConfig.RestartPolicy ?? {}, record.hostConfig.AutoRemove ?? false);
  if (record.config.StopSignal) parseSignal(record.config.StopSignal);
  for (const text of [
    record.path,
    ...record.args,
    ...(record.config.Env ?? []),
    record.config.WorkingDir ?? "",
  ]) {
    if (text.includes("\0")) throw invalidArgument("an argument holds a null character");
  }
}

/** Leaves the limits that will be kept in the configuration, Docker's defaults among them. */
function limit({ zygote: { delegation }, limitMode: usual }: Fleet, host: HostConfig): string[] {
  partsOf(host.CgroupParent);
  checkOomScore(host.OomScoreAdj);
  const mode = limitMode(host.Annotations, usual);
  const asked = withDefaults(resourcesOf(host), delegation);
  const { resources, warnings } = settleLimits(asked, delegation, mode);
  for (const field of resourceFields) delete host[field];
  Object.assign(host, resources);
  return warnings;
}

/** What `-v` names is made where it is missing; what `--mount` names must be there. */
function makeSources(host: HostConfig): void {
  const { sourcesToMake, sourcesToHave } = planMounts(host);
  for (const source of sourcesToHave) {
    if (existsSync(source)) continue;
    const message = `invalid mount config for type "bind": bind source path does not exist: ${source}`;
    throw invalidArgument(message);
  }
  for (const source of sourcesToMake) {
    if (existsSync(source)) continue;
    try {
      mkdirSync(source, { recursive: true, mode: 0o755 });
    } catch (cause) {
      throw invalidArgument(`error while creating mount source path '${source}'`, cause);
    }
  }
}

function makeDirectory(fleet: Fleet, record: ContainerRecord): string {
  try {
    const gateway =
      record.hostConfig.NetworkMode === "host" ? "127.0.0.1" : fleet.networks.gateway(undefined);
    const joined = fleet.networks.upcoming();
    let hosts: string | undefined;
    const id = fleet.directories.take((taken) => {
      const files = etcFiles(record, { hostname: hostnameOf(taken, record), joined, gateway });
      hosts = files.hosts;
      return files;
    });
    fleet.companion(id).hosts = hosts;
    return id;
  } catch (error) {
    if (error instanceof TboxError) throw error;
    throw new TboxError("internal", `make the directory of container ${record.name}`, { cause: error });
  }
}
