import type { ContainerSummary } from "#api/answers/container-summary.ts";
import type { ContainerLink } from "#containers/networking/links.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { unixSeconds } from "#support/time/timestamp.ts";
import { containerStatus } from "./container-status.ts";
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

/** Returns an item of `GET /containers/json`. */
export function shapeContainerSummary(record: ContainerRecord, context: SummaryContext): ContainerSummary {
  const { now, networks, links, imageNamed, sizes } = context;
  const { Command, Created, HostConfig, Mounts } = fixedPart(record, context);
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...linkNames(record, links)],
    Image: imageName(record, imageNamed),
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
