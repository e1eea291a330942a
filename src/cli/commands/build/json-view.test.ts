import { expect, test } from "bun:test";
import type { BuildLine } from "#api/answers/builds.ts";
import { jsonView } from "./json-view.ts";

const step = { number: 2, total: 3, text: "RUN make", lines: { start: 2, end: 2 } };
const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

async function shown(...lines: BuildLine[]): Promise<unknown[]> {
  let text = "";
  const view = jsonView(async (written) => {
    text += written;
  });
  for (const line of lines) await view.show(line);
  await view.end();
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

test("rawjson prints the beginning, the output and the end of a step", async () => {
  const [started, output, finished] = await shown(
    { type: "started", step },
    { type: "output", number: 2, stream: "stderr", text: "hello\n" },
    { type: "finished", number: 2, cached: true, id: "abc", milliseconds: 5 },
  );
  const vertex = { digest, name: "[2/3] RUN make", started: time };
  expect(started).toEqual({ vertexes: [vertex] });
  const data = Buffer.from("hello\n").toString("base64");
  expect(output).toEqual({ logs: [{ vertex: digest, stream: 2, data, timestamp: time }] });
  expect(finished).toEqual({ vertexes: [{ ...vertex, completed: time, cached: true }] });
});

test("rawjson prints the error of the step at fault, and ends the others", async () => {
  const other = { ...step, number: 3, lines: { start: 3, end: 3 } };
  const lines = await shown(
    { type: "started", step },
    { type: "started", step: other },
    { type: "failed", status: 400, message: "exit code: 1", lines: { start: 2, end: 2 } },
  );
  expect(lines.slice(2)).toMatchObject([
    { vertexes: [{ name: "[2/3] RUN make", completed: time, error: "exit code: 1" }] },
    { vertexes: [{ completed: time, error: "context canceled" }] },
  ]);
});

test("rawjson prints the progress of a pull and warnings", async () => {
  const lines = await shown(
    { type: "pulling", image: "a:1", progress: { id: "layer", status: "Downloading", current: 1, total: 9 } },
    { type: "warning", text: "beware", lines: { start: 4, end: 5 } },
    { type: "built", image: "sha256:1", tags: [], existed: false },
  );
  expect(lines).toEqual([
    { vertexes: [{ digest, name: "[internal] pull a:1", started: time }] },
    {
      statuses: [{ id: "layer", vertex: digest, name: "Downloading", current: 1, total: 9, timestamp: time }],
    },
    {
      warnings: [
        {
          level: 1,
          short: Buffer.from("beware").toString("base64"),
          range: [{ start: { line: 4 }, end: { line: 5 } }],
        },
      ],
    },
    { vertexes: [{ digest, name: "[internal] pull a:1", started: time, completed: time }] },
  ]);
});
