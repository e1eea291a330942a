import type { LogRecord } from "../streams/logs.ts";

/** A receiver of log records. */
export interface LogSink extends Disposable {
  /** Resolves when the system has accepted the record; rejects when the receiver has disconnected. */
  send(record: LogRecord): Promise<void>;
}
