import type { Duplex } from "node:stream";
import { TboxError } from "#support/errors.ts";
import { afterRecovery } from "../lifecycle/after-recovery.ts";
import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";
import { type AttachOptions, attachContainer } from "./attach.ts";
import { type LogOptions, type LogRecord, openLog } from "./logs.ts";

/** Input and output of containers. */
export interface ContainerStreams {
  /** Connects to a container's streams. The stream of a created container becomes active at its start. */
  attach(name: string, options: AttachOptions): Promise<Duplex>;
  /** Publishes the event of a client that has typed the detach keys. */
  reportDetach(name: string): void;
  /** Opens the log. Records written after the promise resolves are not lost, even if the container is removed. */
  logs(name: string, options: LogOptions): Promise<AsyncIterable<LogRecord>>;
  /** Resizes the terminal. Throws conflict unless the container runs. */
  resize(name: string, size: { columns: number; rows: number }): Promise<void>;
}

export function containerStreams(services: ContainerServices): ContainerStreams {
  return {
    attach: (name, options) => afterRecovery(services, name, () => attachContainer(services, name, options)),
    reportDetach: (name) => services.notify("detach", services.records.find(name)),
    logs: (name, options) => afterRecovery(services, name, () => openLog(services, name, options)),
    resize: (name, size) => afterRecovery(services, name, async () => resizeTerminal(services, name, size)),
  };
}

function resizeTerminal(
  services: ContainerServices,
  name: string,
  { columns, rows }: { columns: number; rows: number },
): void {
  const record = services.records.find(name);
  const { monitor } = services.runtime(record.id);
  if (!isRunning(record) || !monitor) {
    throw new TboxError(
      "conflict",
      `cannot resize a stopped container: container ${record.name} is not running`,
    );
  }
  monitor.resize(columns, rows);
  services.notify("resize", record, { width: String(columns), height: String(rows) });
}
