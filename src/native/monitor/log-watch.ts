import type { LogPosition } from "../zygote/protocol.ts";

/** Those who wait for a log to move. One question to the monitor serves all who know the same position. */
export interface LogWatch {
  /** Settles when the log differs from `known`, with nothing when it never will. */
  next(known: LogPosition): Promise<LogPosition | undefined>;
  moved(position: LogPosition): void;
  end(): void;
}

interface Question {
  known: LogPosition;
  answer(position: LogPosition | undefined): void;
  answered: Promise<LogPosition | undefined>;
}

export function openLogWatch(ask: (known: LogPosition) => void): LogWatch {
  let ended = false;
  let open: Question[] = [];
  return {
    next(known) {
      if (ended) return Promise.resolve(undefined);
      const same = open.find((question) => isSame(question.known, known));
      if (same) return same.answered;
      const { promise, resolve } = Promise.withResolvers<LogPosition | undefined>();
      ask(known);
      open.push({ known, answer: resolve, answered: promise });
      return promise;
    },
    moved(position) {
      const answered = open.filter((question) => !isSame(question.known, position));
      open = open.filter((question) => isSame(question.known, position));
      for (const question of answered) question.answer(position);
    },
    end() {
      ended = true;
      for (const question of open.splice(0)) question.answer(undefined);
    },
  };
}

function isSame(one: LogPosition, other: LogPosition): boolean {
  return one.generation === other.generation && one.size === other.size;
}
