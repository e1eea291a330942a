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
export function shapeContainerSummary(
  record: ContainerRecord,
  { now, directory, networks, links, imageNamed, sizes }: SummaryContext,
): ContainerSummary {
  const { Annotations } = record.hostConfig;
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...linkNames(record, links)],
    Image: imageName(record, imageNamed),
    ImageID: record.imageId ?? "",
    Command: commandLine(record),
    Created: unixSeconds(record.created),
    Ports: shapePortList(record),
    // Docker leaves a size of 0 out.
    ...(sizes?.writable ? { SizeRw: sizes.writable } : {}),
    ...(sizes?.root ? { SizeRootFs: sizes.root } : {}),
    Labels: record.config.Labels ?? {},
    State: record.state.status,
    Status: containerStatus(record.state, now),
    HostConfig: {
      NetworkMode: shapeNetworkMode(record.hostConfig.NetworkMode),
      ...(hasValues(Annotations) ? { Annotations } : {}),
    },
    NetworkSettings: { Networks: shapeEndpoints(record, networks) },
    Mounts: shapeMountPoints(record, directory),
  };
}

/** Returns the names that a container has through other containers' links. */
function linkNames({ id }: ContainerRecord, links: ContainerLink[]): string[] {
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
