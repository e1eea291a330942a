import type { BuildEvent } from "../builder.ts";
import type { Located } from "../dockerfile/instruction.ts";
import type { FinishedImage } from "./finish-image.ts";
import { oneLine } from "./take-step.ts";

type Emit = (event: BuildEvent) => void;

/** The steps that only Docker's classic builder counts: ARG before the first FROM, and LABEL for each label of a request. */
export interface ClassicSteps {
  before: number;
  after: number;
  /** Reports the ARG instructions. */
  begin(emit: Emit, total: number): void;
  /** Reports the labels. */
  end(emit: Emit, total: number, image: FinishedImage): void;
}

export function classicSteps(
  progress: "live" | "classic",
  { globals, labels }: { globals: Located[]; labels: Record<string, string> },
): ClassicSteps {
  if (progress === "live") return { before: 0, after: 0, begin: () => {}, end: () => {} };
  const names = Object.keys(labels).sort();
  const texts = names.map((name) => labelText(name, labels[name] ?? ""));
  return {
    before: globals.length,
    after: names.length,
    begin(emit, total) {
      for (const [index, { source }] of globals.entries()) {
        emit({ type: "started", step: { number: index + 1, total, text: oneLine(source) } });
      }
    },
    end(emit, total, { id, cached }) {
      const short = id.slice("sha256:".length, "sha256:".length + 12);
      for (const [index, text] of texts.entries()) {
        const number = total - names.length + 1 + index;
        emit({ type: "started", step: { number, total, text } });
        emit({ type: "finished", number, cached, id: short, milliseconds: 0 });
      }
    },
  };
}

/** Returns the instruction for a label of the request, as Docker's classic builder writes it. */
export function labelText(name: string, value: string): string {
  return `LABEL ${name}=${value}`;
}
