import type { LogPosition } from "../protocol/monitor.ts";

/** Callers that wait for a log to grow. Callers with the same position share one request to the monitor. */
export interface LogWatch {
  /** Resolves when the log differs from `known`; with undefined when the container has exited. */
  next(known: LogPosition): Promise<LogPosition | undefined>;
  moved(position: LogPosition): void;
  end(): void;
}

interface PendingRequest {
  known: LogPosition;
  answer(position: LogPosition | undefined): void;
  answered: Promise<LogPosition | undefined>;
}

export function openLogWatch(ask: (known: LogPosition) => void): LogWatch {
  let ended = false;
  let pending: PendingRequest[] = [];
  return {
    next(known) {
      if (ended) return Promise.resolve(undefined);
      const same = pending.find((request) => isSame(request.known, known));
      if (same) return same.answered;
      const { promise, resolve } = Promise.withResolvers<LogPosition | undefined>();
      ask(known);
      pending.push({ known, answer: resolve, answered: promise });
      return promise;
    },
    moved(position) {
      const answered = pending.filter((request) => !isSame(request.known, position));
      pending = pending.filter((request) => isSame(request.known, position));
      for (const request of answered) request.answer(position);
    },
    end() {
      ended = true;
      for (const request of pending.splice(0)) request.answer(undefined);
    },
  };
}

function isSame(one: LogPosition, other: LogPosition): boolean {
  return one.generation === other.generation && one.size === other.size;
}
