import { expect, test } from "bun:test";
import { heredocText } from "./heredoc.ts";
import { readStages, readTrigger } from "./read-stages.ts";

const from = { source: "FROM base", lines: { start: 7, end: 7 } };

test("readTrigger reads an ONBUILD trigger with the lines of the FROM", () => {
  const { stages } = readStages("FROM base\nONBUILD RUN <<-END\n\techo $X\n\tEND\n");
  const trigger = stages[0]?.instructions[0];
  if (trigger?.kind !== "onbuild") throw new Error("ONBUILD was not read");
  const run = readTrigger(trigger.trigger, from);
  expect(run.lines).toEqual(from.lines);
  if (run.kind !== "run") throw new Error("RUN was not read");
  expect(run.heredocs.map(heredocText)).toEqual(["echo $X\n"]);
});

test("an invalid trigger is reported at the FROM", () => {
  expect(() => readTrigger("COPY", from)).toThrow(expect.objectContaining({ lines: from.lines }));
  expect(() => readTrigger("RUN a\nRUN b", from)).toThrow("single expression");
});
