import fc from "fast-check";
import type { Model } from "./model.ts";

/** A request with the answer that the model expects; `apply` changes the model when the answer is right. */
export interface ModelRequest {
  method: "POST" | "DELETE";
  path: string;
  body?: object;
  expect: (model: Model) => number;
  apply: (model: Model) => void;
}

// No name is the beginning of an ID, by which a request would find another container.
const containers = fc.constantFrom("n0", "n1", "n2", "n3");
const volumes = fc.constantFrom("v0", "v1");
const tags = fc.constantFrom("t:0", "t:1");

/** Requests about a few names, so that they often meet the same object. */
export const requests: fc.Arbitrary<ModelRequest> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(containers, fc.option(volumes, { nil: undefined })).map(createContainer) },
  { weight: 3, arbitrary: containers.map(start) },
  { weight: 2, arbitrary: containers.map(stop) },
  { weight: 1, arbitrary: containers.map(kill) },
  { weight: 2, arbitrary: fc.tuple(containers, fc.boolean()).map(removeContainer) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(containers, containers)
      .filter(([from, to]) => from !== to)
      .map(rename),
  },
  { weight: 1, arbitrary: volumes.map(createVolume) },
  { weight: 1, arbitrary: volumes.map(removeVolume) },
  { weight: 1, arbitrary: tags.map(tag) },
  { weight: 1, arbitrary: tags.map(untag) },
);

function createContainer([name, volume]: [string, string | undefined]): ModelRequest {
  return {
    method: "POST",
    path: `/containers/create?name=${name}`,
    body: {
      Image: "box:1",
      // Ends at the first signal, so that no stop waits.
      Cmd: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 100 & wait; done"],
      HostConfig: { NetworkMode: "none", ...(volume === undefined ? {} : { Binds: [`${volume}:/data`] }) },
    },
    expect: (model) => (model.containers.has(name) ? 409 : 201),
    apply(model) {
      if (model.containers.has(name)) return;
      model.containers.set(name, { state: "created", volume });
      if (volume !== undefined) model.volumes.add(volume);
    },
  };
}

type Statuses = Record<"created" | "running" | "exited", number>;

/** Returns the status of the answer for a container's state; 404 for a missing container. */
function byState(model: Model, name: string, statuses: Statuses): number {
  const state = stateOf(model, name);
  return state === undefined ? 404 : statuses[state];
}

function stateOf(model: Model, name: string) {
  return model.containers.get(name)?.state;
}

function change(model: Model, name: string, state: "running" | "exited"): void {
  const container = model.containers.get(name);
  if (container && (state === "running" || container.state === "running")) container.state = state;
}

function start(name: string): ModelRequest {
  return {
    method: "POST",
    path: `/containers/${name}/start`,
    expect: (model) => byState(model, name, { created: 204, exited: 204, running: 304 }),
    apply: (model) => change(model, name, "running"),
  };
}

function stop(name: string): ModelRequest {
  return {
    method: "POST",
    path: `/containers/${name}/stop?t=0`,
    expect: (model) => byState(model, name, { created: 304, exited: 304, running: 204 }),
    apply: (model) => change(model, name, "exited"),
  };
}

function kill(name: string): ModelRequest {
  return {
    method: "POST",
    path: `/containers/${name}/kill`,
    expect: (model) => byState(model, name, { created: 409, exited: 409, running: 204 }),
    apply: (model) => change(model, name, "exited"),
  };
}

function removeContainer([name, force]: [string, boolean]): ModelRequest {
  return {
    method: "DELETE",
    path: `/containers/${name}${force ? "?force=1" : ""}`,
    expect(model) {
      const state = stateOf(model, name);
      if (state === undefined) return 404;
      return state === "running" && !force ? 409 : 204;
    },
    apply(model) {
      if (force || stateOf(model, name) !== "running") model.containers.delete(name);
    },
  };
}

function rename([from, to]: [string, string]): ModelRequest {
  return {
    method: "POST",
    path: `/containers/${from}/rename?name=${to}`,
    expect(model) {
      if (!model.containers.has(from)) return 404;
      return model.containers.has(to) ? 409 : 204;
    },
    apply(model) {
      const container = model.containers.get(from);
      if (!container || model.containers.has(to)) return;
      model.containers.delete(from);
      model.containers.set(to, container);
    },
  };
}

function createVolume(name: string): ModelRequest {
  return {
    method: "POST",
    path: "/volumes/create",
    body: { Name: name },
    expect: () => 201,
    apply: (model) => void model.volumes.add(name),
  };
}

function isMounted(model: Model, volume: string): boolean {
  return [...model.containers.values()].some((container) => container.volume === volume);
}

function removeVolume(name: string): ModelRequest {
  return {
    method: "DELETE",
    path: `/volumes/${name}`,
    expect(model) {
      if (!model.volumes.has(name)) return 404;
      return isMounted(model, name) ? 409 : 204;
    },
    apply(model) {
      if (!isMounted(model, name)) model.volumes.delete(name);
    },
  };
}

function tag(name: string): ModelRequest {
  return {
    method: "POST",
    path: `/images/box:1/tag?repo=${name.replace(/:.*/, "")}&tag=${name.replace(/.*:/, "")}`,
    expect: () => 201,
    apply: (model) => void model.tags.add(name),
  };
}

function untag(name: string): ModelRequest {
  return {
    method: "DELETE",
    path: `/images/${name}`,
    expect: (model) => (model.tags.has(name) ? 200 : 404),
    apply: (model) => void model.tags.delete(name),
  };
}
