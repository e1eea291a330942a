import type { ContainerAdministration } from "#containers/admin/container-administration.ts";
import type { BuildContainers } from "#containers/build-steps/build-containers.ts";
import type { Containers } from "#containers/containers.ts";
import type { Execs } from "#containers/exec/execs.ts";
import type { ContainerFiles } from "#containers/files/container-files.ts";
import type { ContainerStreams } from "#containers/streams/container-streams.ts";
import { TboxError } from "#support/errors.ts";
import { fakeDigest } from "./fake-images.ts";
import { fakeLifecycle } from "./fake-lifecycle.ts";
import { type FakeStore, findContainer, nothing } from "./fake-state.ts";
import { socketPair } from "./socket-pair.ts";

/** Returns containers whose programs are functions of the test. */
export function fakeContainers(store: FakeStore): Containers {
  const { calls, containers } = store;
  return {
    queries: {
      get: (name) => findContainer(store, name).record,
      list(filter) {
        calls.push(`list ${JSON.stringify({ ...filter, filters: [...filter.filters] })}`);
        return [...containers.values()].map(({ record }) => record);
      },
    },
    lifecycle: fakeLifecycle(store),
    streams: fakeStreams(store),
    networking: {
      connect: async () => {},
      disconnect: async () => {},
      links: () => [],
      unlink: async (name, alias) => void calls.push(`unlink ${name} ${alias}`),
    },
    execs: noExecs,
    files: noFiles,
    admin: noUsage,
    builds: noBuilds,
    [Symbol.asyncDispose]: async () => {},
  };
}

function fakeStreams(store: FakeStore): ContainerStreams {
  const { calls } = store;
  return {
    async attach(name, options) {
      calls.push("attach");
      const [near, far] = await socketPair();
      far.once("close", () => calls.push("detached"));
      far.on("error", () => {});
      findContainer(store, name).attached = { options, far };
      return near;
    },
    async logs(name, { signal }) {
      calls.push("logs");
      return store.logs[findContainer(store, name).record.name]?.(signal) ?? nothing();
    },
    async resize(_, { columns, rows }) {
      calls.push(`resize ${columns}x${rows}`);
    },
  };
}

const noExecs: Execs = {
  create: () => "e".repeat(64),
  get: noSuchExec,
  running: () => [],
  startable: noSuchExec,
  start: async (id) => noSuchExec(id),
  kill: () => {},
  resize: () => {},
};

function noSuchExec(id: string): never {
  throw new TboxError("not-found", `No such exec instance: ${id}`);
}

const noFiles: ContainerFiles = {
  stat: async () => ({ mode: 0o100644, size: 0, modified: 0, nanoseconds: 0, target: "" }),
  archive: () => Promise.reject(new TboxError("not-found", "no such file")),
  export: () => Promise.reject(new TboxError("not-found", "no such file")),
  extract: async () => {},
  changes: async () => [],
  commit: async () => fakeDigest,
};

const noUsage: ContainerAdministration = {
  stats: () => undefined,
  top: async () => ({ titles: [], processes: [] }),
  prune: async () => ({ ids: [], space: 0 }),
  size: async () => 4096,
  diskUsage: async () => new Map(),
};

const noBuilds: BuildContainers = {
  createStep: () => Promise.reject(new TboxError("not-implemented", "build steps")),
  openWorkspace() {
    throw new TboxError("not-implemented", "build steps");
  },
};
