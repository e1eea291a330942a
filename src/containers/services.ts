import type { ImageAuthoring } from "#images/authoring/image-authoring.ts";
import type { ImageQueries } from "#images/store/image-queries.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { NetworkAttachments, NetworkCatalog, NetworkStatus } from "#network/networks.ts";
import type { Defer } from "#support/concurrency/deferred-work.ts";
import type { Warn } from "#support/log.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { RestartScheduler } from "./lifecycle/restart-scheduler.ts";
import type { LimitMode } from "./limits/resolve-limits.ts";
import type { SpareCgroups } from "./limits/spare-cgroups.ts";
import type { ApiSocket } from "./request/api-socket.ts";
import type { ContainerDefaults } from "./request/container-defaults.ts";
import type { ContainerAction } from "./state/container-action.ts";
import type { ContainerDirectories } from "./state/container-directories.ts";
import type { ContainerRecord } from "./state/container-record.ts";
import type { ContainerRecords } from "./state/container-records.ts";
import type { RemovedExits } from "./state/removed-exits.ts";
import type { RuntimeState } from "./state/runtime-state.ts";
import type { SettledSizes } from "./state/settled-sizes.ts";
import type { Trash } from "./state/trash.ts";
import type { UsedDirectories } from "./state/used-directories.ts";

/** Services that the operations on containers use. */
export interface ContainerServices {
  records: ContainerRecords;
  zygote: Zygote;
  images: ImageQueries & Pick<ImageAuthoring, "commit">;
  volumes: Volumes;
  networks: NetworkCatalog & NetworkAttachments & Pick<NetworkStatus, "problem">;
  trash: Trash;
  directories: ContainerDirectories;
  usedDirectories: UsedDirectories;
  settledSizes: SettledSizes;
  spareCgroups: SpareCgroups;
  restarts: RestartScheduler;
  removedExits: RemovedExits;
  /** Root directory of the store. */
  store: string;
  /** Directory of the monitors' sockets. */
  run: string;
  /** Returns the runtime state of a container, creating it on first use. */
  runtime(id: string): RuntimeState;
  /** Prepares the directory, the cgroups and the connections of the next containers, when the event loop is free. */
  prepareNext(): void;
  /** Drops the runtime state of a removed container. */
  forget(id: string): void;
  /** Publishes an event of a container. */
  notify: (action: ContainerAction, record: ContainerRecord, attributes?: Record<string, string>) => void;
  /** Called for each start that failed. */
  failedStart?: (() => void) | undefined;
  /** Publishes the event of a network that a container joins or leaves. */
  notifyNetwork: (action: "connect" | "disconnect", network: string, record: ContainerRecord) => void;
  /** Runs the health check of a started container until the container exits or the result is disposed. */
  watchHealth: (record: ContainerRecord) => Disposable;
  apiSocket: ApiSocket;
  /** Default treatment of limits that this machine cannot enforce. A container's annotation overrides it. */
  limitMode: LimitMode;
  /** Settings for containers whose request does not set them. */
  defaults: ContainerDefaults;
  /** Runs work that no request waits for. */
  defer: Defer;
  /** Logs a failure of work in the background. */
  warn: Warn;
}
