import type { ContainerLink } from "#containers/networking/links.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { containerStatus } from "./container-status.ts";
import { mountPoints } from "./mount-points.ts";
import { containerNetworks, type Networks } from "./networks.ts";
import { shapePortList } from "./ports.ts";
import { unixSeconds } from "./time.ts";

export interface ContainerSizes {
  /** Bytes of the writable layer. */
  writable: number;
  /** Bytes of the whole root file system. */
  root: number;
}

export interface SummaryContext {
  now: number;
  directory: string;
  networks: Networks;
  /** Of all containers. */
  links: ContainerLink[];
  /** ID of the image that has a name now. */
  imageNamed: (name: string) => string | undefined;
  sizes?: ContainerSizes | undefined;
}

/** An item of `GET /containers/json`; `now` in milliseconds since the epoch, `directory` the store's. */
export function shapeContainerSummary(
  record: ContainerRecord,
  { now, directory, networks, links, imageNamed, sizes }: SummaryContext,
) {
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...namesByLinks(record, links)],
    Image: imageName(record, imageNamed),
    ImageID: record.imageId ?? "",
    Command: commandLine(record),
    Created: unixSeconds(record.created),
    Ports: shapePortList(record),
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.root }),
    Labels: record.config.Labels ?? {},
    State: record.state.status,
    Status: containerStatus(record.state, now),
    HostConfig: {
      NetworkMode: record.hostConfig.NetworkMode ?? "default",
      ...(record.hostConfig.Annotations === undefined ? {} : { Annotations: record.hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: containerNetworks(record, networks) },
    Mounts: mountPoints(record, directory),
  };
}

/** What it is called by those that have words of their own for it. */
function namesByLinks({ id }: ContainerRecord, links: ContainerLink[]): string[] {
  return links.filter(({ to }) => to.id === id).map(({ from, alias }) => `/${from.name}/${alias}`);
}

/** As the request had it, unless the name is another image's by now, or nobody's. */
function imageName({ image, imageId }: ContainerRecord, imageNamed: SummaryContext["imageNamed"]): string {
  return imageId === undefined || imageNamed(image) === imageId ? image : imageId;
}

function commandLine({ path, args }: ContainerRecord): string {
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}
