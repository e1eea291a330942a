import type { Images } from "#images/images.ts";
import type { StreamPair } from "#native/addon/stream.ts";
import type { Monitor } from "#native/monitor/monitor.ts";
import type { Attachment, Exited } from "#native/zygote/protocol.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { Networks } from "#network/networks.ts";
import type { SerialQueue } from "#support/concurrency/serial-queue.ts";
import { TboxError } from "#support/errors.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { StepExtras } from "./lifecycle/plan-launch.ts";
import type { LimitMode } from "./limits/settle-limits.ts";
import type { ContainerRecords } from "./state/container-records.ts";
import type { Directories } from "./state/directories.ts";
import type { ContainerRecord } from "./state/record.ts";
import type { Trash } from "./state/trash.ts";

/** What the deeds on containers work with. */
export interface Fleet {
  records: ContainerRecords;
  zygote: Zygote;
  images: Images;
  volumes: Volumes;
  networks: Networks;
  trash: Trash;
  directories: Directories;
  /** Root directory of the store. */
  store: string;
  /** Directory of the monitors' sockets. */
  run: string;
  /** What is known of a container beside its record. */
  companion(id: string): Companion;
  forget(id: string): void;
  /** Tells what happened to a container (Docker's events). */
  notify: (action: string, record: ContainerRecord, attributes?: Record<string, string>) => void;
  /** Tells that a container was put on a network, or taken from it. */
  notifyNetwork: (action: "connect" | "disconnect", network: string, record: ContainerRecord) => void;
  /** Probes a container that has started, if it has a check. */
  watchHealth: (record: ContainerRecord) => Disposable;
  /** What is done about a limit that cannot be kept, unless the container says so. */
  limitMode: LimitMode;
  /** Called with failures that nobody waits for. */
  warn: (what: string, error: unknown) => void;
}

/** The part of a container that does not outlive the daemon. */
export interface Companion {
  monitor: Monitor | undefined;
  /** Streams opened before the start, to be handed to the container. */
  waiting: { attachment: Attachment; pair: StreamPair }[];
  /** Whoever waits for the next exit. */
  exits: Set<(exited: Pick<Exited, "code">) => void>;
  /** Whoever waits for the removal. */
  removals: Set<(code: number) => void>;
  /** Runs the operations on the container one at a time. */
  inTurn: SerialQueue;
  /** Its end was asked for, so its restart policy does not apply. */
  stopping: boolean;
  /** It is being restarted, so its end is not the end of it. */
  kept: boolean;
  /** Waits before it is started again. */
  restart: Timer | undefined;
  /** Milliseconds of the last such wait. */
  wait: number;
  health: Disposable | undefined;
  /** What its /etc/hosts is known to say, before its first start. */
  hosts: string | undefined;
  /** Whether the event of its last kill for want of memory was published. */
  oomTold: boolean;
  /** Of a step of a build. */
  step: StepExtras | undefined;
}

export function isRunning({ state }: ContainerRecord): boolean {
  return state.status === "running" || state.status === "paused";
}

export function containerDirectory({ store }: Pick<Fleet, "store">, id: string): string {
  return `${store}/containers/${id}`;
}

/** Throws Docker's conflict when a name is another container's. */
export function refuseTakenName({ records }: Fleet, name: string): void {
  const other = records.named(name);
  if (!other) return;
  throw new TboxError(
    "conflict",
    `Conflict. The container name "/${name}" is already in use by container "${other.id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
