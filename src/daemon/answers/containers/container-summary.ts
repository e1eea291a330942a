import type { ContainerSummary } from "#api/answers/container-summary.ts";
import type { ContainerLink } from "#containers/networking/links.ts";
import { networksOf } from "#containers/networking/network-mode.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { ObjectCache, type TimedValue } from "#support/object-cache.ts";
import { unixSeconds } from "#support/time/timestamp.ts";
import { containerStatus, containerStatusUntil } from "./container-status.ts";
import { type NetworkNames, shapeEndpoints } from "./endpoints.ts";
import { hasValues } from "./has-values.ts";
import { shapeNetworkMode } from "./host-config.ts";
import { shapeMountPoints } from "./mount-points.ts";
import { shapePortList } from "./ports.ts";

export interface ContainerSizes {
  /** Bytes of the writable layer. */
  writable: number;
  /** Bytes of the whole root file system. */
  root: number;
}

export interface SummaryContext {
  /** Milliseconds since the epoch. */
  now: number;
  /** Root of the store. */
  directory: string;
  networks: NetworkNames;
  /** Links of all containers. */
  links: ContainerLink[];
  /** Returns the ID of the image that has a name now. */
  imageNamed: (name: string) => string | undefined;
  /** Present when the request asks for sizes. */
  sizes?: ContainerSizes | undefined;
}

const summaries = new ObjectCache<ContainerRecord, ContainerSummary>();
const summariesWithSizes = new ObjectCache<ContainerRecord, ContainerSummary>();

/**
 * Returns an item of `GET /containers/json`. Returns the same object until something in it changes, because a store can have
 * hundreds of containers. Callers must not change the object.
 */
export function containerSummary(
  record: ContainerRecord,
  context: SummaryContext,
): TimedValue<ContainerSummary> {
  const { now, sizes } = context;
  const parts = changingParts(record, context);
  const { state, networks, network } = record;
  const inputs = [
    // The lifecycle changes these fields in place, and replaces all other parts of the record.
    state,
    state.status,
    state.health?.status,
    networks,
    network,
    network?.ports,
    network?.endpoints.length,
    record.name,
    parts.image,
    sizes?.writable,
    sizes?.root,
    ...Object.keys(networksOf(record)).map((name) => context.networks.named(name)),
    ...parts.links,
  ];
  return (sizes ? summariesWithSizes : summaries).get(record, inputs, now, () => ({
    value: shapeSummary(record, context, parts),
    until: containerStatusUntil(state, now),
  }));
}

/** Parts of a summary that depend on other objects of the store. */
interface ChangingParts {
  image: string;
  /** Names that the container has through links. */
  links: string[];
}

function changingParts(record: ContainerRecord, { imageNamed, links }: SummaryContext): ChangingParts {
  return { image: imageName(record, imageNamed), links: linkNames(record, links) };
}

function shapeSummary(
  record: ContainerRecord,
  context: SummaryContext,
  { image, links }: ChangingParts,
): ContainerSummary {
  const { now, networks, sizes } = context;
  const { Command, Created, HostConfig, Mounts } = fixedPart(record, context);
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...links],
    Image: image,
    ImageID: record.imageId ?? "",
    Command,
    Created,
    Ports: shapePortList(record),
    // Docker leaves a size of 0 out.
    ...(sizes?.writable ? { SizeRw: sizes.writable } : {}),
    ...(sizes?.root ? { SizeRootFs: sizes.root } : {}),
    Labels: record.config.Labels ?? {},
    State: record.state.status,
    Status: containerStatus(record.state, now),
    HostConfig,
    NetworkSettings: { Networks: shapeEndpoints(record, networks) },
    Mounts,
  };
}

/** Returns an item of the list as an API version has it: `HostConfig.Annotations` exists since 1.46. */
export function summaryOfVersion(summary: ContainerSummary, minor: number): ContainerSummary {
  if (minor >= 46 || summary.HostConfig.Annotations === undefined) return summary;
  const { Annotations: _, ...HostConfig } = summary.HostConfig;
  return { ...summary, HostConfig };
}

type FixedPart = Pick<ContainerSummary, "Command" | "Created" | "HostConfig" | "Mounts">;

/** Parts of summaries that never change after the creation of a container. */
const fixedParts = new WeakMap<ContainerRecord, FixedPart>();

function fixedPart(record: ContainerRecord, { directory }: SummaryContext): FixedPart {
  const known = fixedParts.get(record);
  if (known) return known;
  const { Annotations, NetworkMode } = record.hostConfig;
  const part = {
    Command: commandLine(record),
    Created: unixSeconds(record.created),
    HostConfig: {
      NetworkMode: shapeNetworkMode(NetworkMode),
      ...(hasValues(Annotations) ? { Annotations } : {}),
    },
    Mounts: shapeMountPoints(record, directory),
  };
  fixedParts.set(record, part);
  return part;
}

/** Returns the names that a container has through other containers' links. */
function linkNames({ id }: ContainerRecord, links: ContainerLink[]): string[] {
  if (links.length === 0) return [];
  return links.filter(({ to }) => to.id === id).map(({ from, alias }) => `/${from.name}/${alias}`);
}

/**
 * Returns the image's name from the request, or the image's ID when that name now belongs to another image or to none.
 */
function imageName({ image, imageId }: ContainerRecord, imageNamed: SummaryContext["imageNamed"]): string {
  return imageId === undefined || imageNamed(image) === imageId ? image : imageId;
}

function commandLine({ path, args }: ContainerRecord): string {
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}
