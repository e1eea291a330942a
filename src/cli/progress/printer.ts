import type { BuildPull } from "#api/answers/builds.ts";
import type { TransferLine } from "#api/answers/progress.ts";
import { openByteSink } from "../output/byte-sink.ts";
import { forStream, visible } from "../output/visible.ts";
import { isTerminal, terminalSize } from "../terminal/terminal.ts";
import { progressBar } from "./bar.ts";

/** Display of a transfer's progress. */
export interface ProgressPrinter {
  /** Shows a line of a progress stream. The caller handles failures. */
  show(line: TransferLine): Promise<void>;
}

/** Opens a printer of progress: bars on a terminal, elsewhere one line for every change of state. */
export async function openProgress(stream: "stdout" | "stderr"): Promise<ProgressPrinter> {
  const sink = openByteSink(stream);
  const write = (text: string) => sink.write(Buffer.from(text));
  const writePlain = (text: string) => write(forStream(text, stream));
  const size = isTerminal(stream === "stdout" ? 1 : 2) ? terminalSize() : undefined;
  return size === undefined ? plainPrinter(writePlain) : barPrinter(write, size.columns);
}

type Write = (text: string) => Promise<void>;

/** Returns a printer of plain lines. Leaves out counters, because there would be hundreds of lines. */
export function plainPrinter(write: Write): ProgressPrinter {
  return {
    async show(line) {
      if ((line.progressDetail?.current ?? 0) > 0) return;
      await write(`${describe(line)}\n`);
    },
  };
}

/** Returns a printer that rewrites one line of the terminal for every ID. */
export function barPrinter(write: Write, columns: number): ProgressPrinter {
  const rows = new Map<string, number>();
  return {
    async show(line) {
      const { id = "" } = line;
      const text = visible(describe(line, columns)).slice(0, columns - 1);
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

/** Describes the progress of a pull in a build. Its lines have counters outside `progressDetail`. */
export function describeProgress(progress: BuildPull): string {
  return describe({ ...progress, progressDetail: progress });
}

function describe({ id = "", status = "", progressDetail = {} }: TransferLine, columns?: number): string {
  const label = `${id === "" ? "" : `${id}: `}${status}`;
  const bar = columns === undefined ? "" : progressBar(progressDetail, columns - label.length - 1);
  return bar === "" ? label : `${label} ${bar}`;
}
