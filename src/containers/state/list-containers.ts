import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument } from "#support/errors.ts";
import { compileFilters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { patternFilter } from "#support/filters/patterns.ts";
import { networksOf } from "../networking/network-mode.ts";
import { exposedPorts, parsePorts } from "../networking/ports.ts";
import { normalizeTarget } from "../request/mount-target.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";

export interface ListFilter {
  /** Whether to list stopped containers too. */
  all: boolean;
  limit?: number;
  /** Docker's `filters`. An unknown key is refused. */
  filters: Map<string, string[]>;
}

type Services = Pick<ContainerServices, "records" | "networks" | "images">;

type Test = (record: ContainerRecord) => boolean;

const statuses = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/** Lists containers, newest first. */
export function listContainers(services: Services, { all, limit, filters }: ListFilter): ContainerRecord[] {
  const passes = compileFilters<ContainerRecord>(filters, (key, values) => testFor(services, key, values));
  // In Docker these options imply `all`.
  const includeStopped = all || (limit !== undefined && limit > 0) || filters.has("status");
  const found = services.records
    .all()
    .reverse()
    .filter((record) => (includeStopped || isRunning(record)) && passes(record));
  return limit === undefined || limit <= 0 ? found : found.slice(0, limit);
}

function testFor(services: Services, key: string, values: string[]): Test {
  const some = (test: (record: ContainerRecord, value: string) => boolean): Test => {
    return (record) => values.some((value) => test(record, value));
  };
  switch (key) {
    case "id":
      return some(({ id }, value) => id.startsWith(value));
    case "name": {
      const test = patternFilter(key, values);
      return ({ name }) => test(name) || test(`/${name}`);
    }
    case "label": {
      const test = labelFilter(key, values);
      return ({ config }) => test(config.Labels);
    }
    case "status": {
      refuseUnless(
        key,
        values,
        (value) => statuses.includes(value),
        (value) => {
          return `invalid value for state (${value}): must be one of ${statuses.join(", ")}`;
        },
      );
      return some(({ state }, value) => state.status === value);
    }
    case "exited":
      refuseUnless(key, values, (value) => /^[+-]?\d+$/.test(value));
      return some(({ state }, value) => state.status === "exited" && state.exitCode === Number(value));
    case "ancestor":
      return some((record, value) => isFrom(services, record, value));
    case "before":
    case "since": {
      const times = values.map((value) => services.records.find(value).created);
      return ({ created }) => times.every((time) => (key === "before" ? created < time : created > time));
    }
    case "network":
      return some((record, value) => {
        const on = Object.keys(networksOf(record));
        return on.some(
          (name) => name === value || services.networks.named(name)?.id.startsWith(value) === true,
        );
      });
    case "volume":
      return some((record, value) => mountsOf(record).includes(value));
    case "health":
      refuseUnless(key, values, (value) => ["starting", "healthy", "unhealthy", "none"].includes(value));
      return some(({ state }, value) => (state.health?.status ?? "none") === value);
    case "publish":
    case "expose": {
      const wanted = values.flatMap(parsePorts);
      return (record) => wanted.some(({ number, protocol }) => hasPort(record, key, number, protocol));
    }
    // tbox has no swarm tasks.
    case "is-task": {
      refuseUnless(key, values, (value) => parseBoolean(value) !== undefined);
      return () => values.every((value) => parseBoolean(value) === false);
    }
    // Only containers of Windows have an isolation; Docker ignores the filter on Linux.
    case "isolation":
      return () => true;
    default:
      throw unknownFilter(key);
  }
}

function refuseUnless(
  key: string,
  values: string[],
  isValid: (value: string) => boolean,
  reason?: (value: string) => string,
): void {
  const invalid = values.find((value) => !isValid(value));
  if (invalid === undefined) return;
  const explained = reason === undefined ? "" : `: ${reason(invalid)}`;
  throw invalidArgument(`invalid filter '${key}=${invalid}'${explained}`);
}

/** Returns the volume names, host directories and targets of a container's mounts. */
function mountsOf({ hostConfig: { Binds = [], Mounts = [] }, volumes = [] }: ContainerRecord): string[] {
  return [
    ...Binds.flatMap((bind) => bind.split(":").slice(0, 2)),
    ...Mounts.flatMap(({ Source, Target }) => [...(Source ? [Source] : []), normalizeTarget(Target)]),
    ...volumes.flatMap(({ name, target }) => [name, normalizeTarget(target)]),
  ];
}

/** Returns whether a container's image is the given image or a descendant of that image. */
function isFrom({ images }: Services, { image, imageId }: ContainerRecord, wanted: string): boolean {
  if (imageId?.startsWith(wanted) || imageId?.startsWith(`sha256:${wanted}`)) return true;
  const ancestor = images.findId(wanted);
  if (ancestor && imageId) return ancestor === imageId || images.isDescendant(imageId, ancestor);
  try {
    const name = familiarName(withDefaultTag(parseReference(wanted)));
    return familiarName(withDefaultTag(parseReference(image))) === name;
  } catch {
    return false;
  }
}

function hasPort(
  { config, network }: ContainerRecord,
  kind: "publish" | "expose",
  number: number,
  protocol: string,
): boolean {
  if (kind === "publish") {
    return network?.ports?.some((port) => port.hostPort === number && port.protocol === protocol) === true;
  }
  return exposedPorts(config.ExposedPorts ?? {}).some(
    (port) => port.number === number && port.protocol === protocol,
  );
}
