import { expect, test } from "bun:test";
import { progressBar } from "./bar.ts";
import { barPrinter, plainPrinter } from "./printer.ts";

const lines = [
  { status: "Pulling from library/app", id: "1" },
  { id: "a", status: "Pulling fs layer", progressDetail: {} },
  { id: "b", status: "Pulling fs layer", progressDetail: {} },
  { id: "a", status: "Downloading", progressDetail: { current: 500, total: 1000 } },
  { id: "a", status: "Pull complete", progressDetail: {} },
  { status: "Status: done" },
];

test("without a terminal, every change of state prints a line and counters print none", async () => {
  const written: string[] = [];
  const printer = plainPrinter(async (text) => void written.push(text));
  for (const line of lines) await printer.show(line);
  expect(written.join("")).toBe(
    "1: Pulling from library/app\na: Pulling fs layer\nb: Pulling fs layer\na: Pull complete\nStatus: done\n",
  );
});

test("on a terminal, each layer keeps its row", async () => {
  const written: string[] = [];
  const printer = barPrinter(async (text) => void written.push(text), 80);
  for (const line of lines) await printer.show(line);
  expect(written.join("")).toContain(
    "a: Pulling fs layer\nb: Pulling fs layer\n\x1b[2A\x1b[2K\ra: Downloading [=",
  );
  expect(written.join("")).toEndWith("\x1b[2A\x1b[2K\ra: Pull complete\x1b[2B\rStatus: done\n");
});

test("bars fit the room and handle an unknown total", () => {
  expect(progressBar({ current: 500, total: 1000 }, 80)).toBe(
    `[${"=".repeat(25)}>${" ".repeat(24)}]           500B/1kB`,
  );
  expect(progressBar({ current: 500, total: 1000 }, 20)).toBe("          500B/1kB");
  expect(progressBar({ current: 500 }, 80).trim()).toBe("500B");
  expect(progressBar({}, 80)).toBe("");
});
