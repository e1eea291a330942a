import type { DiffId, Digest } from "#oci/digest.ts";
import { formatPlatform, hostPlatform, matchesPlatform, parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { never } from "#support/time/timestamp.ts";
import { etcFiles, hostHosts } from "../networking/etc-files.ts";
import { hostnameOf } from "../networking/hostname.ts";
import { networkMode } from "../networking/network-mode.ts";
import { networkWarnings, requestedNetworks } from "../networking/network-request.ts";
import { ensureBindSources } from "../request/bind-sources.ts";
import { withContainerDefaults } from "../request/container-defaults.ts";
import { inventName, parseName } from "../request/container-name.ts";
import type { CreateRequest, HostConfig } from "../request/create-request.ts";
import { type MergedConfig, mergeConfig } from "../request/merge-config.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { requireFreeName } from "../state/container-records.ts";
import { createVolumes } from "../volumes/container-volumes.ts";
import { resolveMountedImages } from "../volumes/image-mounts.ts";
import { resolveRequest } from "./resolve-request.ts";

export interface CreateOptions {
  /** Name of the container; random when absent. */
  name?: string;
  platform?: string;
  /** Layers of a build step, base first. They replace the image. */
  layers?: DiffId[];
}

type Image = Awaited<ReturnType<ContainerServices["images"]["resolve"]>>;

/** Creates a container. Settings that could never work are refused, and a refused request leaves no container behind. */
export async function createContainer(
  services: ContainerServices,
  request: CreateRequest,
  { name: requestedName, platform, layers }: CreateOptions,
): Promise<{ id: string; warnings: string[] }> {
  const name = requestedName ? parseName(requestedName) : undefined;
  if (name !== undefined) requireFreeName(services.records, name);
  const image = layers ? undefined : await resolveImage(services, request, platform);
  try {
    const mountedImages = await resolveMountedImages(services, request.HostConfig ?? {});
    const { id, warnings } = createFrom(services, request, { name, image, layers, mountedImages });
    return { id, warnings: [...(platform ? [] : platformWarnings(image)), ...warnings] };
  } catch (error) {
    // Clients take not-found for a missing image, and pull it.
    if (error instanceof TboxError && error.code === "not-found") {
      throw invalidArgument(error.message, error.cause);
    }
    throw error;
  }
}

/** Warns about an image of another platform that the client did not ask for (Docker's text). */
function platformWarnings(image: Image | undefined): string[] {
  const host = hostPlatform();
  if (!image || matchesPlatform(image.config, host)) return [];
  const mismatch = `the detected host platform (${formatPlatform(host)})`;
  return [
    `The requested image's platform (${formatPlatform(image.config)}) does not match ${mismatch} and no specific platform was requested`,
  ];
}

interface CreateInput {
  /** Requested name, if any. */
  name: string | undefined;
  image: Image | undefined;
  layers: DiffId[] | undefined;
  mountedImages: Record<string, Digest> | undefined;
}

/**
 * Creates a container from a resolved image, or from layers. Never waits: between the choice of the name and the write of the
 * record no other request can take the name.
 */
function createFrom(
  services: ContainerServices,
  request: CreateRequest,
  { name: requestedName, image, layers, mountedImages }: CreateInput,
): { id: string; warnings: string[] } {
  const { records } = services;
  const name = requestedName ?? inventName((candidate) => records.named(candidate) !== undefined);
  requireFreeName(records, name);
  const merged = mergeConfig(request, image?.config.config);
  const given = { ...request.HostConfig };
  // The files of a build step's layer must have the ids of the image.
  const { noNewPrivileges } = services.defaults;
  const host = withContainerDefaults(
    given,
    layers ? { noNewPrivileges } : services.defaults,
    merged.config.Labels,
  );
  if (request.NetworkDisabled) host.NetworkMode = "none";
  refuseMalformed(host);
  const ExposedPorts = ownPorts(request, image);
  const networks = requestedNetworks(services, { ...request, ExposedPorts, HostConfig: host });
  delete host.Links;
  const networkOwner = sharedNetworkOwner(services, host);
  if (networkOwner) host.NetworkMode = `container:${networkOwner.id}`;
  const record: ContainerRecord = {
    ...newRecord(name, request, merged),
    ...(image ? { imageId: image.id } : {}),
    ...(layers ? { layers } : {}),
    ...(mountedImages ? { mountedImages } : {}),
    hostConfig: host,
    ...(networks ? { networks } : {}),
  };
  const warnings = resolveRequest(services, record);
  ensureBindSources(host, services.apiSocket);
  const { config } = record;
  if (networkOwner?.config.Hostname !== undefined) config.Hostname = networkOwner.config.Hostname;
  record.id = createDirectory(services, record);
  if (record.volumes) record.volumes = createVolumes(services.volumes, record.volumes);
  record.config = { ...config, Hostname: hostnameOf(record.id, record) };
  records.save(record);
  services.notify("create", record);
  return { id: record.id, warnings: [...warnings, ...networkWarnings(services, record)] };
}

/** Throws invalid-argument, with Docker's messages, for values that have no meaning. */
function refuseMalformed({ NetworkMode, Annotations = {} }: HostConfig): void {
  if (NetworkMode === "container:") {
    throw invalidArgument("invalid network mode: invalid container format container:<name|id>");
  }
  if (Object.hasOwn(Annotations, "")) {
    throw invalidArgument("invalid Annotations: the empty string is not permitted as an annotation key");
  }
}

function newRecord(name: string, request: CreateRequest, { path, args, config }: MergedConfig) {
  return {
    id: "",
    name,
    created: new Date().toISOString(),
    image: request.Image ?? "",
    path,
    args,
    config,
    state: {
      status: "created" as const,
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
}

/** Returns the exposed ports of a request without those of its image, which an inspection shows too. */
function ownPorts({ ExposedPorts = {} }: CreateRequest, image: Image | undefined): Record<string, object> {
  const imagePorts = image?.config.config?.ExposedPorts ?? {};
  return Object.fromEntries(
    Object.entries(ExposedPorts).filter(([port]) => !Object.hasOwn(imagePorts, port)),
  );
}

/** Returns the container whose network namespace a new container shares, if it exists already. */
function sharedNetworkOwner(
  { records }: ContainerServices,
  { NetworkMode }: HostConfig,
): ContainerRecord | undefined {
  const mode = networkMode(NetworkMode);
  return mode.kind === "container" ? records.lookup(mode.container) : undefined;
}

async function resolveImage(
  services: ContainerServices,
  request: CreateRequest,
  platform: string | undefined,
): Promise<Image | undefined> {
  if (request.Rootfs === undefined) {
    if (!request.Image)
      throw invalidArgument(hasProgram(request) ? "no image specified" : "no command specified");
    // Every name that is not an ID must be a reference.
    if (!/^(sha256:)?[0-9a-f]+$/.test(request.Image)) parseReference(request.Image);
    return services.images.resolve(
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

function hasProgram({ Entrypoint, Cmd }: CreateRequest): boolean {
  return (Entrypoint?.length ?? 0) > 0 || (Cmd?.length ?? 0) > 0;
}

/** Creates the container's directory with its files for /etc. Returns the container's ID. */
function createDirectory(services: ContainerServices, record: ContainerRecord): string {
  try {
    // The record gets the hostname of its own ID later.
    const settings = { ...record };
    const onHost = record.hostConfig.NetworkMode === "host";
    let hosts: string | undefined;
    const id = services.directories.take((newId) => {
      const files = etcFiles(settings, {
        hostname: hostnameOf(newId, settings),
        gateway: onHost ? "127.0.0.1" : services.networks.gateway(undefined),
        namespace: services.networks.upcoming(),
        hostFile: hostHosts(settings.hostConfig),
      });
      hosts = files.hosts;
      return files;
    });
    services.runtime(id).writtenHosts = hosts;
    return id;
  } catch (error) {
    if (error instanceof TboxError) throw error;
    throw new TboxError("internal", `create the directory of container ${record.name}`, { cause: error });
  }
}
