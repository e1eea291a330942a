import type { BuildEvent } from "../builder.ts";
import { neededStages } from "../plan/needed-stages.ts";
import type { PlannedStage } from "../plan/plan-stages.ts";

export interface StageOrder {
  emit(event: BuildEvent): void;
  /** Passes on the remaining events, for example of stages that were cancelled after a failure. */
  end(): void;
}

/**
 * Passes on events stage by stage, in the order of the file, although stages are built concurrently. Passes on events
 * without a step at once.
 */
export function inStageOrder(
  stages: PlannedStage[],
  target: number,
  emit: (event: BuildEvent) => void,
): StageOrder {
  const waiting = [...neededStages({ stages, contexts: new Map() }, target)]
    .sort((a, b) => a - b)
    .flatMap((index) => {
      const stage = stages[index];
      return stage ? [{ stage, events: [] as BuildEvent[] }] : [];
    });
  const pass = (event: BuildEvent) => {
    emit(event);
    const [first] = waiting;
    if (!first || event.type !== "finished" || event.number !== lastNumber(first.stage)) return;
    waiting.shift();
    for (const held of waiting[0]?.events.splice(0) ?? []) pass(held);
  };
  return {
    emit(event) {
      const number = numberOf(event);
      const at = waiting.findIndex(({ stage }) => isWithin(stage, number));
      if (at > 0) waiting[at]?.events.push(event);
      else pass(event);
    },
    end() {
      for (const { events } of waiting.splice(0)) events.forEach(emit);
    },
  };
}

function numberOf(event: BuildEvent): number {
  if (event.type === "started") return event.step.number;
  return "number" in event ? event.number : 0;
}

function lastNumber({ number, instructions }: PlannedStage): number {
  return number + instructions.length;
}

function isWithin(stage: PlannedStage, number: number): boolean {
  return number >= stage.number && number <= lastNumber(stage);
}
