import type { BuildPull } from "#api/answers/builds.ts";
import { describeProgress } from "../../progress/printer.ts";
import { type BuildView, OutputTails, seconds, warningLine } from "./view.ts";

/** Opens a view that prints plain lines, each with the number of its step. */
export function plainView(write: (text: string) => Promise<void>): BuildView {
  const tails = new OutputTails();
  const writeLines = (number: number, lines: string[]) =>
    write(lines.map((line) => `#${number} ${line}\n`).join(""));
  return {
    async show(line) {
      const lines = tails.record(line);
      switch (line.type) {
        case "started":
          return writeLines(line.step.number, [tails.label(line.step.number)]);
        case "output":
          return lines.length > 0 ? writeLines(line.number, lines) : undefined;
        case "finished": {
          const rest = tails.takeRest(line.number);
          if (rest !== "") await writeLines(line.number, [rest]);
          return writeLines(line.number, [line.cached ? "CACHED" : `DONE ${seconds(line.milliseconds)}`]);
        }
        case "pulling":
          return writePull(line.progress, write);
        case "warning":
          return write(warningLine(line));
      }
    },
    tail: () => tails.last(),
    end: async () => {},
  };
}

/** Prints the status changes of a pull. Leaves out counters, because there would be hundreds of lines. */
async function writePull(progress: BuildPull, write: (text: string) => Promise<void>): Promise<void> {
  if ((progress.current ?? 0) > 0) return;
  await write(`${describeProgress(progress)}\n`);
}
