import { expect, test } from "bun:test";
import type { BuildEvent } from "../builder.ts";
import { readStages } from "../dockerfile/read-stages.ts";
import { planStages } from "../plan/plan-stages.ts";
import { inStageOrder } from "./stage-order.ts";

const planned = planStages(
  readStages(
    "FROM scratch AS a\nLABEL a=1\nFROM scratch AS unused\nFROM scratch AS b\nFROM a\nCOPY --from=b / /\n",
  ),
  {
    arguments: {},
    predefined: () => ({}),
    target: undefined,
    contexts: new Map(),
    steps: { before: 0, after: 0 },
  },
);

const started = (number: number): BuildEvent => ({ type: "started", step: { number, total: 6, text: "" } });
const finished = (number: number): BuildEvent => ({
  type: "finished",
  number,
  cached: false,
  id: "",
  milliseconds: 0,
});

function numbersOf(events: BuildEvent[]): string[] {
  return events.map((event) => {
    if (event.type === "started") return `+${event.step.number}`;
    return event.type === "finished" ? `-${event.number}` : event.type;
  });
}

test("stages are reported in the order of the file, and events without a step at once", () => {
  const events: BuildEvent[] = [];
  const order = inStageOrder(planned.stages, planned.target, (event) => events.push(event));
  for (const event of [started(5), started(4), started(1), finished(4), finished(1)]) order.emit(event);
  order.emit({ type: "warning", text: "" });
  expect(numbersOf(events)).toEqual(["+1", "-1", "warning"]);
  for (const event of [started(2), finished(2), finished(5), started(6), finished(6)]) order.emit(event);
  expect(numbersOf(events).slice(3)).toEqual(["+2", "-2", "+4", "-4", "+5", "-5", "+6", "-6"]);
});

test("the events of a cancelled build are not lost", () => {
  const events: BuildEvent[] = [];
  const order = inStageOrder(planned.stages, planned.target, (event) => events.push(event));
  for (const event of [started(1), started(4), finished(4)]) order.emit(event);
  order.end();
  expect(numbersOf(events)).toEqual(["+1", "+4", "-4"]);
});
