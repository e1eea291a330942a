import type { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import type { Images } from "#images/images.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { Networks } from "#network/networks.ts";
import { createSerialQueue } from "#support/concurrency/serial-queue.ts";
import { TboxError } from "#support/errors.ts";
import type { Volumes } from "#volumes/volumes.ts";
import { pruneContainers } from "./admin/prune.ts";
import { readStats } from "./admin/stats.ts";
import { listProcesses } from "./admin/top.ts";
import type { Containers } from "./containers.ts";
import { openExecs } from "./exec/execs.ts";
import { watchHealth } from "./exec/health.ts";
import {
  archiveFromContainer,
  exportContainer,
  extractIntoContainer,
  statInContainer,
} from "./files/archive.ts";
import { changesOf } from "./files/changes.ts";
import { commitContainer } from "./files/commit.ts";
import { createStep, openWorkspace } from "./files/steps.ts";
import { createContainer } from "./lifecycle/create.ts";
import { pauseContainer, unpauseContainer } from "./lifecycle/pause.ts";
import { recoverContainers } from "./lifecycle/recover.ts";
import { removeContainer } from "./lifecycle/remove.ts";
import { renameContainer } from "./lifecycle/rename.ts";
import { restartContainer } from "./lifecycle/restart.ts";
import { startContainer } from "./lifecycle/start.ts";
import { killContainer, stopContainer } from "./lifecycle/stop.ts";
import { updateContainer } from "./lifecycle/update.ts";
import { waitContainer } from "./lifecycle/wait.ts";
import type { LimitMode } from "./limits/settle-limits.ts";
import { connectContainer, disconnectContainer } from "./networking/connect.ts";
import { usualFiles } from "./networking/etc-files.ts";
import { linksOf } from "./networking/links.ts";
import { unlinkContainer } from "./networking/unlink.ts";
import { type Companion, type Fleet, isRunning } from "./services.ts";
import { openContainerRecords } from "./state/container-records.ts";
import type { ContainerUses } from "./state/container-uses.ts";
import { openDirectories } from "./state/directories.ts";
import { listContainers } from "./state/list.ts";
import type { Trash } from "./state/trash.ts";
import { attachContainer } from "./streams/attach.ts";
import { openLog } from "./streams/logs.ts";

export interface ContainersOptions {
  /** Safe against the death of the process: a start must not wait for a disk. */
  database: Database;
  /** Register of the images, layers, volumes and networks in use. */
  uses: ContainerUses;
  zygote: Zygote;
  images: Images;
  volumes: Volumes;
  networks: Networks;
  trash: Trash;
  store: string;
  run: string;
  limitMode: LimitMode;
  /** Told of everything that happens to a container. */
  notify: (action: string, id: string, attributes: Record<string, string>) => void;
  /** Told of every container that is put on a network, or taken from it. */
  notifyNetwork: (action: string, network: string, container: string) => void;
  warn: (what: string, error: unknown) => void;
}

/** Opens the containers of a store and finds again those that run. */
export async function openContainers({ database, uses, ...options }: ContainersOptions): Promise<Containers> {
  mkdirSync(`${options.store}/containers`, { recursive: true, mode: 0o700 });
  const companions = new Map<string, Companion>();
  const fleet: Fleet = {
    ...options,
    records: openContainerRecords(database, uses),
    directories: openDirectories(`${options.store}/containers`, (id) =>
      usualFiles(id, options.networks.upcoming()),
    ),
    companion(id) {
      let found = companions.get(id);
      if (!found) {
        found = {
          monitor: undefined,
          waiting: [],
          exits: new Set(),
          removals: new Set(),
          inTurn: createSerialQueue(),
          stopping: false,
          kept: false,
          restart: undefined,
          wait: 0,
          health: undefined,
          hosts: undefined,
          oomTold: false,
          step: undefined,
        };
        companions.set(id, found);
      }
      return found;
    },
    forget: (id) => companions.delete(id),
    notify: (action, { id, name, image, config }, attributes = {}) =>
      options.notify(action, id, { ...config.Labels, image, name, ...attributes }),
    notifyNetwork: (action, network, { id }) => options.notifyNetwork(action, network, id),
    watchHealth: (record) => watchHealth(fleet, execs, record),
  };
  const execs = openExecs(fleet);
  const measure = async (paths: string[]) =>
    paths.length === 0
      ? []
      : (await fleet.zygote.work({ operation: "measure", paths })).map(({ bytes }) => bytes);
  await recoverContainers(fleet);
  // Nobody waits for the helper, which has to be started first.
  void fleet.networks.adopt(fleet.records.all().flatMap(({ network }) => network ?? []));
  return {
    create: (request, createOptions) => createContainer(fleet, request, createOptions),
    get: (name) => fleet.records.find(name),
    list: (filter) => listContainers(fleet, filter),
    start: (name) => startContainer(fleet, name),
    stop: (name, stopOptions) => stopContainer(fleet, name, stopOptions),
    kill: (name, killOptions) => killContainer(fleet, name, killOptions),
    wait: (name, condition, signal) => waitContainer(fleet, name, condition, signal),
    attach: (name, attachOptions) => attachContainer(fleet, name, attachOptions),
    logs: (name, logOptions) => openLog(fleet, name, logOptions),
    async resize(name, { columns, rows }) {
      const { id, name: own } = fleet.records.find(name);
      const { monitor } = fleet.companion(id);
      if (!isRunning(fleet.records.find(id)) || !monitor) {
        throw new TboxError("conflict", `cannot resize a stopped container: container ${own} is not running`);
      }
      monitor.resize(columns, rows);
      fleet.notify("resize", fleet.records.find(name), { width: String(columns), height: String(rows) });
    },
    remove: (name, removeOptions) => removeContainer(fleet, name, removeOptions),
    restart: (name, restartOptions) => restartContainer(fleet, name, restartOptions),
    rename: (name, wanted) => renameContainer(fleet, name, wanted),
    links: (of) => (of ? [of] : fleet.records.all()).flatMap((record) => linksOf(fleet, record)),
    unlink: (name, alias) => unlinkContainer(fleet, name, alias),
    prune: (filters) =>
      pruneContainers(fleet, filters, async ({ id }) => (await measure([`containers/${id}`]))[0] ?? 0),
    async top(name, args) {
      const record = fleet.records.find(name);
      if (!isRunning(record)) {
        throw new TboxError("conflict", `container ${record.id} is not running`);
      }
      const more = execs.running(record.id).map((id) => execs.get(id).pid);
      return listProcesses([record.state.pid, ...more], args);
    },
    connect: (name, connection) => connectContainer(fleet, name, connection),
    disconnect: (name, network) => disconnectContainer(fleet, name, network),
    update: (name, changes) => updateContainer(fleet, name, changes),
    pause: (name) => pauseContainer(fleet, name),
    unpause: (name) => unpauseContainer(fleet, name),
    stats: (name) => readStats(fleet, name),
    stat: (name, path) => statInContainer(fleet, name, path),
    archive: (name, path) => archiveFromContainer(fleet, name, path),
    export: (name) => exportContainer(fleet, name),
    extract: (name, path, extractOptions) => extractIntoContainer(fleet, name, path, extractOptions),
    changes: (name) => changesOf(fleet, name),
    commit: (name, commitOptions) => commitContainer(fleet, name, commitOptions),
    createStep: (step) => createStep(fleet, step),
    openWorkspace: (layers) => openWorkspace(fleet, layers),
    execs,
    size: async (name) => (await measure([`containers/${fleet.records.find(name).id}/upper`]))[0] ?? 0,
    async diskUsage() {
      const ids = fleet.records.all().map(({ id }) => id);
      const sizes = await measure(ids.map((id) => `containers/${id}`));
      return new Map(ids.map((id, index) => [id, sizes[index] ?? 0]));
    },
    async [Symbol.asyncDispose]() {
      for (const { restart, health } of companions.values()) {
        clearTimeout(restart);
        health?.[Symbol.dispose]();
      }
      await fleet.trash.empty();
    },
  };
}
