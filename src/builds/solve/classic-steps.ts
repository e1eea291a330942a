import type { BuildEvent } from "../builder.ts";
import type { Located } from "../dockerfile/instruction.ts";
import type { FinishedImage } from "./finish-image.ts";
import { oneLine } from "./take-step.ts";

type Emit = (event: BuildEvent) => void;

/** The steps that only Docker's classic builder counts: ARG before the first FROM, and LABEL for the labels of a request. */
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
  const pairs = names.map((name) => `${JSON.stringify(name)}='${labels[name]}'`);
  return {
    before: globals.length,
    after: names.length > 0 ? 1 : 0,
    begin(emit, total) {
      for (const [index, { source }] of globals.entries()) {
        emit({ type: "started", step: { number: index + 1, total, text: oneLine(source) } });
      }
    },
    end(emit, total, { id, cached }) {
      if (names.length === 0) return;
      emit({ type: "started", step: { number: total, total, text: `LABEL ${pairs.join(" ")}` } });
      const short = id.slice("sha256:".length, "sha256:".length + 12);
      emit({ type: "finished", number: total, cached, id: short, milliseconds: 0 });
    },
  };
}
