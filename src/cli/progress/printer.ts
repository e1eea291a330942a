import type { JsonObject } from "#client/json.ts";
import { numberAt, objectAt, textAt } from "#client/json.ts";
import { openByteSink } from "../output/byte-sink.ts";
import { isTerminal, terminalSize } from "../terminal/terminal.ts";
import { progressBar } from "./bar.ts";

export interface ProgressPrinter {
  /** Shows a line of a progress stream; throws nothing for an error line, which is the caller's. */
  show(line: JsonObject): Promise<void>;
}

/** Bars that move on a terminal; elsewhere one plain line for every change of state. */
export async function openProgress(stream: "stdout" | "stderr"): Promise<ProgressPrinter> {
  const sink = openByteSink(stream);
  const write = (text: string) => sink.write(Buffer.from(text));
  const size = isTerminal(stream === "stdout" ? 1 : 2) ? terminalSize() : undefined;
  return size === undefined ? plain(write) : moving(write, size.columns);
}

type Write = (text: string) => Promise<void>;

/** Lines without the counters, of which there would be hundreds. */
export function plain(write: Write): ProgressPrinter {
  return {
    async show(line) {
      if (numberAt(objectAt(line, "progressDetail"), "current") > 0) return;
      await write(`${describe(line)}\n`);
    },
  };
}

/** One line of the terminal for every id, rewritten in place. */
export function moving(write: Write, columns: number): ProgressPrinter {
  const rows = new Map<string, number>();
  return {
    async show(line) {
      const id = textAt(line, "id");
      const text = describe(line, columns).slice(0, columns - 1);
      if (id === "") {
        rows.clear();
        return write(`${text}\n`);
      }
      const row = rows.get(id);
      if (row === undefined) {
        rows.set(id, rows.size);
        return write(`${text}\n`);
      }
      const up = rows.size - row;
      return write(`\x1b[${up}A\x1b[2K\r${text}\x1b[${up}B\r`);
    },
  };
}

/** Of a build, whose progress has no detail of its own. */
export function describeProgress(progress: JsonObject): string {
  return describe({ ...progress, progressDetail: progress });
}

function describe(line: JsonObject, columns?: number): string {
  const id = textAt(line, "id");
  const label = `${id === "" ? "" : `${id}: `}${textAt(line, "status") || textAt(line, "stream").trimEnd()}`;
  const detail = objectAt(line, "progressDetail");
  const bar = columns === undefined ? "" : progressBar(detail, columns - label.length - 1);
  return bar === "" ? label : `${label} ${bar}`;
}
