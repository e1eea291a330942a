import type { ContainerAdministration } from "#containers/admin/container-administration.ts";
import type { BuildContainers } from "#containers/build-steps/build-containers.ts";
import type { Containers } from "#containers/containers.ts";
import type { Execs } from "#containers/exec/execs.ts";
import type { ContainerFiles } from "#containers/files/container-files.ts";
import { type ContainerRecord, isRunning } from "#containers/state/container-record.ts";
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
        const newestFirst = [...containers.values()].map(({ record }) => record).reverse();
        return newestFirst.filter((record) => filter.all || isRunning(record));
      },
      revision: store.revision,
      revisionOf: store.revision,
    },
    lifecycle: fakeLifecycle(store),
    streams: fakeStreams(store),
    networking: {
      async connect(name) {
        findContainer(store, name);
      },
      async disconnect(name) {
        findContainer(store, name);
      },
      links: () => [],
      async unlink(name, alias) {
        calls.push(`unlink ${name} ${alias}`);
        findContainer(store, name);
      },
    },
    execs: noExecs(store),
    files: noFiles(store),
    admin: noUsage(store),
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
    reportDetach(name) {
      calls.push(`detach ${findContainer(store, name).record.name}`);
    },
    async resize(name, { columns, rows }) {
      const { record } = findContainer(store, name);
      if (!isRunning(record)) {
        const message = `cannot resize a stopped container: container ${record.name} is not running`;
        throw new TboxError("conflict", message);
      }
      calls.push(`resize ${columns}x${rows}`);
    },
  };
}

/** Returns execs of which none ever exists. */
function noExecs(store: FakeStore): Execs {
  return {
    create(container) {
      const { record } = findContainer(store, container);
      if (!isRunning(record)) throw notRunning(record);
      return "e".repeat(64);
    },
    get: noSuchExec,
    running: () => [],
    startable: noSuchExec,
    start: async (id) => noSuchExec(id),
    reportDetach: noSuchExec,
    kill: noSuchExec,
    resize: noSuchExec,
  };
}

function noSuchExec(id: string): never {
  throw new TboxError("not-found", `No such exec instance: ${id}`);
}

function notRunning({ id }: ContainerRecord): TboxError {
  return new TboxError("conflict", `container ${id} is not running`);
}

/** Returns containers without files. */
function noFiles(store: FakeStore): ContainerFiles {
  const noFile = async (name: string): Promise<never> => {
    findContainer(store, name);
    throw new TboxError("not-found", "no such file");
  };
  return {
    async stat(name) {
      findContainer(store, name);
      return { mode: 0o100644, size: 0, modified: 0, nanoseconds: 0, target: "" };
    },
    archive: noFile,
    export: noFile,
    async extract(name) {
      findContainer(store, name);
    },
    async changes(name) {
      findContainer(store, name);
      return [];
    },
    async commit(name) {
      findContainer(store, name);
      return fakeDigest;
    },
  };
}

function noUsage(store: FakeStore): ContainerAdministration {
  return {
    stats(name) {
      findContainer(store, name);
      return undefined;
    },
    async top(name) {
      const { record } = findContainer(store, name);
      if (!isRunning(record)) throw notRunning(record);
      return { titles: [], processes: [] };
    },
    prune: async () => ({ ids: [], space: 0 }),
    sizes: async (ids) => new Map(ids.map((id) => [id, 4096])),
    diskUsage: async () => new Map(),
    checkSizes: async () => [],
  };
}

const noBuilds: BuildContainers = {
  createStep: () => Promise.reject(new TboxError("not-implemented", "build steps")),
  openWorkspace() {
    throw new TboxError("not-implemented", "build steps");
  },
};
