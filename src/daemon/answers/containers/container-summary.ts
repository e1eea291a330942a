import type { ContainerSummary } from "#api/answers/container-summary.ts";
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
  /** Number that changes with every change of a network. */
  networkRevision: number;
  /** Returns a number that changes with every change of a container. */
  revisionOf: (record: ContainerRecord) => number;
  /** Returns the names that a container has through other containers' links. */
  linksTo: (record: ContainerRecord) => readonly string[];
  /** Returns the ID of the image that has a name now. */
  imageNamed: (name: string) => string | undefined;
  /** Present when the request asks for sizes. */
  sizes?: ContainerSizes | undefined;
}

/** Cache of the summaries of containers. */
class Summaries {
  /** Summaries by the data that is compared first, because a list of hundreds of containers asks for each of them. */
  readonly #latest = new WeakMap<ContainerRecord, Latest>();
  readonly #cache = new ObjectCache<ContainerRecord, ContainerSummary>();

  get(record: ContainerRecord, context: SummaryContext): TimedValue<ContainerSummary> {
    const { now, networks, networkRevision, sizes } = context;
    const latest = this.#latest.get(record);
    const revision = context.revisionOf(record);
    const named = context.imageNamed(record.image);
    const links = context.linksTo(record);
    if (
      latest?.revision === revision &&
      latest.networkRevision === networkRevision &&
      latest.named === named &&
      latest.links === links &&
      latest.sizes === sizes &&
      latest.from <= now &&
      now < latest.summary.until
    ) {
      return latest.summary;
    }
    const image = imageName(record, named);
    const current = Object.keys(networksOf(record)).map((name) => networks.named(name));
    const inputs = [revision, image, sizes?.writable, sizes?.root, links.length, ...links, ...current];
    const summary = this.#cache.get(record, inputs, now, () => ({
      value: shapeSummary(record, context, { image, links }),
      until: containerStatusUntil(record.state, now),
    }));
    this.#latest.set(record, { summary, revision, networkRevision, named, links, sizes, from: now });
    return summary;
  }
}

interface Latest {
  summary: TimedValue<ContainerSummary>;
  /** Time of the comparison. */
  from: number;
  revision: number;
  networkRevision: number;
  /** ID of the image that had the container's image name. */
  named: string | undefined;
  links: readonly string[];
  sizes: ContainerSizes | undefined;
}

const withoutSizes = new Summaries();
const withSizes = new Summaries();

/**
 * Returns an item of `GET /containers/json`. Returns the same object until something in it changes, because a store can have
 * hundreds of containers. Callers must not change the object.
 */
export function containerSummary(
  record: ContainerRecord,
  context: SummaryContext,
): TimedValue<ContainerSummary> {
  return (context.sizes ? withSizes : withoutSizes).get(record, context);
}

/** Parts of a summary that depend on other objects of the store. */
interface ChangingParts {
  image: string;
  /** Names that the container has through links. */
  links: readonly string[];
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

/**
 * Returns the image's name from the request, or the image's ID when that name now belongs to another image or to none.
 */
function imageName({ image, imageId }: ContainerRecord, named: string | undefined): string {
  return imageId === undefined || named === imageId ? image : imageId;
}

function commandLine({ path, args }: ContainerRecord): string {
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}
