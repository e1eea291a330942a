import type { StreamPair } from "#native/addon/stream.ts";
import type { Monitor } from "#native/monitor/monitor.ts";
import type { Attachment } from "#native/protocol/monitor.ts";
import { createSerialQueue, type SerialQueue } from "#support/concurrency/serial-queue.ts";
import type { StepExtras } from "../lifecycle/plan-launch.ts";
import type { LogShipping } from "../logging/ship-log.ts";

/** State of a container that ends with the daemon. The record keeps everything else. */
export interface RuntimeState {
  /** Connection to the container's monitor; absent while the container does not run, and until `recover` is done. */
  monitor: Monitor | undefined;
  /**
   * Connects to the monitor of a container that an earlier daemon started, and resolves then. Absent once that is done, and
   * for all other containers.
   */
  recover: (() => Promise<void>) | undefined;
  /** Streams that clients attached before the start. The next start takes them. */
  pendingAttachments: { attachment: Attachment; pair: StreamPair }[];
  /** Callbacks waiting for the next exit. */
  exitListeners: Set<(exit: { code: number }) => void>;
  /** Callbacks waiting for the removal. They receive the last exit status. */
  removalListeners: Set<(exitCode: number) => void>;
  /** Runs the operations on the container one at a time. */
  queue: SerialQueue;
  /** Whether a stop, kill or removal caused the coming exit. The restart policy ignores such an exit. */
  stopRequested: boolean;
  /** Whether a restart caused the coming exit. `AutoRemove` and the restart policy ignore such an exit. */
  restartRequested: boolean;
  /** Timer of the start that the restart policy scheduled. */
  restartTimer: Timer | undefined;
  /** Milliseconds between the last exit and the start that the restart policy scheduled. */
  restartDelay: number;
  healthCheck: Disposable | undefined;
  /** Sends the log to the receiver of the log driver. Ends by itself after the exit. */
  logShipping: LogShipping | undefined;
  /** Content of /etc/hosts as the create operation wrote it; absent after the first start. */
  writtenHosts: string | undefined;
  /** Monotonic time of the last start's request; absent for a container that an earlier daemon started. */
  requestedAt: number | undefined;
  /** Whether the program is being launched. */
  launching: boolean;
  /** Whether the `oom` event of the current run was published. */
  oomReported: boolean;
  /** Whether no process outside the container can have its files open. False for a container that an earlier daemon started. */
  isolated: boolean;
  /** Mounts and secrets of a build step. They are never stored. */
  buildStep: StepExtras | undefined;
}

export function createRuntimeState(): RuntimeState {
  return {
    monitor: undefined,
    recover: undefined,
    pendingAttachments: [],
    exitListeners: new Set(),
    removalListeners: new Set(),
    queue: createSerialQueue(),
    stopRequested: false,
    restartRequested: false,
    restartTimer: undefined,
    restartDelay: 0,
    healthCheck: undefined,
    logShipping: undefined,
    writtenHosts: undefined,
    requestedAt: undefined,
    launching: false,
    oomReported: false,
    isolated: false,
    buildStep: undefined,
  };
}
