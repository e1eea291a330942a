import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "#test/support/until.ts";
import { isExiting, openCommandLine } from "./wake.ts";

test("a process that has ended its program is exiting, a running one is not", async () => {
  // The shell becomes a program that never asks for its child's exit.
  await using parent = Bun.spawn(["sh", "-c", "true & exec sleep 1000"]);
  const child = () =>
    readdirSync(`/proc/${parent.pid}/task`)
      .flatMap((thread) => readFileSync(`/proc/${parent.pid}/task/${thread}/children`, "utf8").split(" "))
      .find((pid) => pid !== "");
  await until(() => child() !== undefined && isExiting(openCommandLine(Number(child()))));
  expect(isExiting(openCommandLine(parent.pid))).toBe(false);
});

test("a process that nobody can inspect counts as running", () => {
  expect(isExiting(openCommandLine(0))).toBe(false);
});

test("a process that has ended, and that its parent has awaited, counts as exiting", async () => {
  const child = Bun.spawn(["sleep", "1000"]);
  const commandLine = openCommandLine(child.pid);
  child.kill("SIGKILL");
  await child.exited;
  expect(isExiting(commandLine)).toBe(true);
});
