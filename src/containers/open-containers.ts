import type { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import type { ImageAuthoring } from "#images/authoring/image-authoring.ts";
import type { ImageQueries } from "#images/store/image-queries.ts";
import { prepareChannel } from "#native/addon/reactor.ts";
import { prepareStream } from "#native/addon/stream.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { Defer } from "#support/concurrency/deferred-work.ts";
import type { Warn } from "#support/log.ts";
import type { Volumes } from "#volumes/volumes.ts";
import { containerAdministration } from "./admin/container-administration.ts";
import { buildContainers } from "./build-steps/build-containers.ts";
import type { Containers } from "./containers.ts";
import type { Execs } from "./exec/execs.ts";
import { openExecs } from "./exec/open-execs.ts";
import { containerFiles } from "./files/container-files.ts";
import { watchHealth } from "./health/watch-health.ts";
import { recoveringFirst } from "./lifecycle/after-recovery.ts";
import { containerLifecycle } from "./lifecycle/container-lifecycle.ts";
import { recoverContainers } from "./lifecycle/recover.ts";
import { openRestartScheduler } from "./lifecycle/restart-scheduler.ts";
import { completeRunningState } from "./lifecycle/running-state.ts";
import { startScheduled } from "./lifecycle/start.ts";
import { spareCgroupsOf } from "./limits/cgroups.ts";
import type { LimitMode } from "./limits/resolve-limits.ts";
import { containerNetworking } from "./networking/container-networking.ts";
import { defaultEtcFiles, etcFileNames } from "./networking/etc-files.ts";
import { apiSocket } from "./request/api-socket.ts";
import { type ContainerDefaults, checkContainerDefaults } from "./request/container-defaults.ts";
import type { ContainerServices } from "./services.ts";
import type { ContainerAction } from "./state/container-action.ts";
import { linkLog, openContainerDirectories } from "./state/container-directories.ts";
import { containerQueries } from "./state/container-queries.ts";
import type { PhaseTrace } from "./state/container-record.ts";
import { openContainerRecords } from "./state/container-records.ts";
import type { ContainerUses } from "./state/container-uses.ts";
import { createRemovedExits } from "./state/removed-exits.ts";
import { createRuntimeState, type RuntimeState } from "./state/runtime-state.ts";
import { SettledSizes } from "./state/settled-sizes.ts";
import type { Trash } from "./state/trash.ts";
import { openUsedDirectories } from "./state/used-directories.ts";
import { containerStreams } from "./streams/container-streams.ts";

export interface ContainersOptions {
  /**
   * Database whose commits survive the death of the process. Commits must not sync, because a start never waits for a
   * disk.
   */
  database: Database;
  /** Register of the images, layers, volumes and networks in use. */
  uses: ContainerUses;
  zygote: Zygote;
  images: ImageQueries & Pick<ImageAuthoring, "commit">;
  volumes: Volumes;
  networks: ContainerServices["networks"];
  trash: Trash;
  store: string;
  run: string;
  limitMode: LimitMode;
  defaults: ContainerDefaults;
  /** Makes the database's commits survive a loss of power soon, and directories before them. */
  syncSoon: (...directories: string[]) => void;
  /** Called for each event of a container. */
  notify: (
    action: ContainerAction,
    id: string,
    attributes: Record<string, string>,
    /** Phases of the start; empty for other actions. */
    phases: readonly PhaseTrace[],
  ) => void;
  /** Called for each start that failed. */
  failedStart?: (() => void) | undefined;
  /** Called when a container joins or leaves a network. */
  notifyNetwork: (action: "connect" | "disconnect", network: string, container: string) => void;
  /** Runs work that no request waits for. */
  defer: Defer;
  warn: Warn;
}

/** Opens the containers of a store and reconnects to those that run. */
export async function openContainers(options: ContainersOptions): Promise<Containers> {
  checkContainerDefaults(options.defaults);
  mkdirSync(`${options.store}/containers`, { recursive: true, mode: 0o700 });
  const runtimes = new Map<string, RuntimeState>();
  const { services, execs } = openServices(options, runtimes);
  await recoverContainers(services);
  services.networks.adopt(services.records.all().flatMap(({ network }) => network ?? []));
  return {
    queries: containerQueries(services),
    lifecycle: containerLifecycle(services),
    streams: containerStreams(services),
    files: containerFiles(services),
    networking: containerNetworking(services),
    execs,
    admin: containerAdministration(services, execs),
    builds: buildContainers(services),
    async [Symbol.asyncDispose]() {
      for (const { restartTimer, healthCheck, logShipping } of runtimes.values()) {
        clearTimeout(restartTimer);
        logShipping?.[Symbol.dispose]();
        healthCheck?.[Symbol.dispose]();
      }
      services.spareCgroups[Symbol.dispose]();
      services.records.flush();
      await services.trash.empty();
      await services.usedDirectories.drop();
    },
  };
}

function openServices(
  { database, uses, syncSoon, ...options }: ContainersOptions,
  runtimes: Map<string, RuntimeState>,
): { services: ContainerServices; execs: Execs } {
  const { store, networks, warn } = options;
  const parent = `${store}/containers`;
  const records = openContainerRecords({
    database,
    uses,
    written: (created) => (created ? syncSoon(`${parent}/${created.id}`, parent) : syncSoon()),
    settle(record) {
      linkLog(parent, record.id);
      completeRunningState(record);
    },
    warn,
  });
  const runtime = (id: string) => {
    const found = runtimes.get(id) ?? createRuntimeState();
    runtimes.set(id, found);
    return found;
  };
  const usedDirectories = openUsedDirectories({
    empty: (directories) => options.zygote.work({ operation: "recycle", directories }),
    remove: (paths) => options.zygote.work({ operation: "remove", paths }),
    files: etcFileNames,
    warn,
  });
  const services: ContainerServices = {
    ...options,
    records: recoveringFirst(records, (id) => runtimes.get(id)?.recover?.()),
    runtime,
    removedExits: createRemovedExits(),
    apiSocket: apiSocket({ run: options.run, uid: process.getuid?.() ?? -1 }),
    prepareNext: () =>
      void setImmediate(() => {
        services.directories.prepare();
        services.spareCgroups.prepare();
        prepareStream();
        prepareChannel();
      }),
    forget: (id) => runtimes.delete(id),
    directories: openContainerDirectories({
      parent,
      defaultFiles: (id) => defaultEtcFiles(id, networks.upcoming()),
      used: usedDirectories,
    }),
    usedDirectories,
    settledSizes: new SettledSizes(),
    spareCgroups: spareCgroupsOf({ ...options, warn }),
    restarts: openRestartScheduler({ records, runtime, warn }, (id) => startScheduled(services, id)),
    notify: (action, { id, name, image, config, phases }, attributes = {}) =>
      options.notify(
        action,
        id,
        { ...config.Labels, image, name, ...attributes },
        action === "start" ? phases : [],
      ),
    notifyNetwork: (action, network, { id }) => options.notifyNetwork(action, network, id),
    watchHealth: (record) => watchHealth(services, execs, record),
  };
  const execs = openExecs(services);
  return { services, execs };
}
