import { type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { describeProgress } from "../../progress/printer.ts";
import { type BuildView, OutputTails, seconds, stepNumber, warningLine } from "./view.ts";

/** One line after another, each with the number of its step. */
export function plainView(write: (text: string) => Promise<void>): BuildView {
  const tails = new OutputTails();
  const tell = (number: number, lines: string[]) =>
    write(lines.map((line) => `#${number} ${line}\n`).join(""));
  return {
    async show(event) {
      const number = stepNumber(event);
      const lines = tails.note(event);
      switch (textAt(event, "type")) {
        case "started":
          return tell(number, [tails.label(number)]);
        case "output":
          return lines.length > 0 ? tell(number, lines) : undefined;
        case "finished": {
          const rest = tails.rest(number);
          if (rest !== "") await tell(number, [rest]);
          return tell(number, [
            event.cached === true ? "CACHED" : `DONE ${seconds(numberAt(event, "milliseconds"))}`,
          ]);
        }
        case "pulling":
          return pullingLine(event, write);
        case "warning":
          return write(warningLine(event));
      }
    },
    tail: () => tails.last(),
    end: async () => {},
  };
}

/** Without the counters, of which there would be hundreds. */
async function pullingLine(event: JsonObject, write: (text: string) => Promise<void>): Promise<void> {
  const progress = objectAt(event, "progress");
  if (numberAt(progress, "current") > 0) return;
  await write(`${describeProgress(progress)}\n`);
}
