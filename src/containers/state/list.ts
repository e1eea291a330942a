import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { labelFilter } from "#support/filters/labels.ts";
import type { ListFilter } from "../containers.ts";
import { networksOf } from "../networking/network-mode.ts";
import { exposedPorts, parsePorts } from "../networking/ports.ts";
import { plainTarget } from "../request/mounts.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "./record.ts";

type Test = (record: ContainerRecord) => boolean;

const statuses = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

/** Newest first. */
export function listContainers(fleet: Fleet, { all, limit, filters }: ListFilter): ContainerRecord[] {
  const tests = [...filters].map(([key, values]) => testFor(fleet, key, values));
  // Who asks for a state or a number of containers means those that do not run as well.
  const everything = all || limit !== undefined || filters.has("status") || filters.has("exited");
  const found = fleet.records
    .all()
    .filter((record) => everything || isRunning(record))
    .filter((record) => tests.every((test) => test(record)))
    .sort((a, b) => (a.created < b.created ? 1 : -1));
  return limit === undefined || limit <= 0 ? found : found.slice(0, limit);
}

function testFor(fleet: Fleet, key: string, values: string[]): Test {
  const some = (test: (record: ContainerRecord, value: string) => boolean): Test => {
    return (record) => values.some((value) => test(record, value));
  };
  switch (key) {
    case "id":
      return some(({ id }, value) => id.startsWith(value));
    case "name":
      return some(({ name }, value) => pattern(value).test(name) || pattern(value).test(`/${name}`));
    case "label": {
      const test = labelFilter(key, values);
      return ({ config }) => test(config.Labels);
    }
    case "status": {
      const unknown = values.find((value) => !statuses.includes(value));
      if (unknown !== undefined) throw invalidArgument(`invalid filter 'status=${unknown}'`);
      return some(({ state }, value) => state.status === value);
    }
    case "exited":
      return some(({ state }, value) => state.status === "exited" && String(state.exitCode) === value);
    case "ancestor":
      return some((record, value) => isFrom(fleet, record, value));
    case "before":
    case "since": {
      const times = values.map((value) => fleet.records.find(value).created);
      return ({ created }) => times.every((time) => (key === "before" ? created < time : created > time));
    }
    case "network":
      return some((record, value) => {
        const on = Object.keys(networksOf(record));
        return on.some((name) => name === value || fleet.networks.named(name)?.id.startsWith(value) === true);
      });
    case "volume":
      return some((record, value) => mountsOf(record).includes(value));
    case "health":
      return some(({ state }, value) => (state.health?.status ?? "none") === value);
    case "publish":
    case "expose": {
      const wanted = values.flatMap(parsePorts);
      return (record) => wanted.some(({ number, protocol }) => hasPort(record, key, number, protocol));
    }
    // No container is a task of a swarm.
    case "is-task":
      return () => values.every((value) => value === "false");
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}

/** Names of volumes, directories of the host, and where they lie in a container. */
function mountsOf({ hostConfig: { Binds = [], Mounts = [] }, volumes = [] }: ContainerRecord): string[] {
  return [
    ...Binds.flatMap((bind) => bind.split(":").slice(0, 2)),
    ...Mounts.flatMap(({ Source, Target }) => [...(Source ? [Source] : []), plainTarget(Target)]),
    ...volumes.flatMap(({ name, target }) => [name, plainTarget(target)]),
  ];
}

/** Whether a container is of an image, or of one that was made from it. */
function isFrom({ images }: Fleet, { image, imageId }: ContainerRecord, wanted: string): boolean {
  if (imageId?.startsWith(wanted) || imageId?.startsWith(`sha256:${wanted}`)) return true;
  const ancestor = images.known(wanted);
  if (ancestor && imageId) return ancestor === imageId || images.descends(imageId, ancestor);
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

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw invalidArgument(`invalid filter 'name=${text}'`, cause);
  }
}
