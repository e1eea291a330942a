import { expect, test } from "bun:test";
import { createForgetting } from "./forget-execs.ts";
import type { ExecState } from "./start-exec.ts";

function setUp() {
  const clock = { time: 0 };
  const states = new Map<string, ExecState>();
  const forget = createForgetting(states, { now: () => clock.time, exists: (id) => id === "there" });
  const add = (id: string, endedAt?: number, containerId = "there") => {
    const exitCode = endedAt === undefined ? undefined : 0;
    const record = { id, containerId, request: { Cmd: ["true"] }, running: false, exitCode, pid: 0 };
    states.set(id, { record, containerStartedAt: "", monitor: undefined, endedAt });
  };
  return { clock, states, forget, add };
}

test("an exec is forgotten ten minutes after its exit, and a running one never", () => {
  const { clock, states, forget, add } = setUp();
  add("ended", 0);
  add("running");
  clock.time = 600_000;
  forget();
  expect([...states.keys()]).toEqual(["ended", "running"]);
  clock.time = 700_000;
  forget();
  expect([...states.keys()]).toEqual(["running"]);
});

test("the execs of a removed container are forgotten", () => {
  const { states, forget, add } = setUp();
  add("here");
  add("gone", undefined, "removed");
  forget();
  expect([...states.keys()]).toEqual(["here"]);
});

test("the newest of many short execs are kept", () => {
  const { states, forget, add } = setUp();
  add("running");
  for (let number = 0; number < 12_000; number++) add(`${number}`, 0);
  forget();
  expect(states.size).toBe(10_001);
  expect(["running", "1999", "2000"].map((id) => states.has(id))).toEqual([true, false, true]);
});
