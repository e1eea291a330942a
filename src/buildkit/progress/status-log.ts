import type { StatusResponse } from "../protocol/control.ts";

/** The progress of a build, for any number of readers. */
export interface StatusLog {
  push(status: StatusResponse): void;
  end(): void;
  /** Yields the progress from the beginning until the end of the build. */
  read(signal: AbortSignal): AsyncGenerator<StatusResponse>;
}

export function openStatusLog(): StatusLog {
  const entries: StatusResponse[] = [];
  let ended = false;
  let changed = Promise.withResolvers<void>();
  const wake = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  return {
    push(status) {
      entries.push(status);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *read(signal) {
      const gone = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      for (let at = 0; !signal.aborted; ) {
        const next = changed.promise;
        if (at < entries.length) {
          const batch = entries.slice(at);
          at = entries.length;
          yield joined(batch);
        } else if (ended) return;
        else await Promise.race([next, gone]);
      }
    },
  };
}

/** Joins the updates that a reader receives together. */
function joined(updates: StatusResponse[]): StatusResponse {
  return {
    vertexes: updates.flatMap(({ vertexes = [] }) => vertexes),
    statuses: updates.flatMap(({ statuses = [] }) => statuses),
    logs: updates.flatMap(({ logs = [] }) => logs),
    warnings: updates.flatMap(({ warnings = [] }) => warnings),
  };
}
