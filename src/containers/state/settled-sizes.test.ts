import { expect, test } from "bun:test";
import { createdRecord } from "#test/support/container-record.ts";
import { SettledSizes } from "./settled-sizes.ts";

function settled() {
  const sizes = new SettledSizes();
  const record = createdRecord();
  record.state = { ...record.state, status: "exited" };
  sizes.measuring(record)(5);
  return { sizes, record };
}

test("the size of an ended container is kept", () => {
  const { sizes, record } = settled();
  expect(sizes.get(record)).toBe(5);
});

test("a start, an exit and work on the files make the size unknown", () => {
  const { sizes, record } = settled();
  record.state = { ...record.state, status: "running" };
  expect(sizes.get(record)).toBeUndefined();
  sizes.measuring(record)(6);
  expect(sizes.get(record)).toBeUndefined();
  record.state = { ...record.state, status: "exited" };
  expect(sizes.get(record)).toBeUndefined();
  sizes.measuring(record)(7);
  sizes.forget(record);
  expect(sizes.get(record)).toBeUndefined();
});

test("a measurement that began before a change is not kept", () => {
  const { sizes, record } = settled();
  const duringWork = sizes.measuring(record);
  sizes.forget(record);
  duringWork(9);
  expect(sizes.get(record)).toBeUndefined();
  const duringStart = sizes.measuring(record);
  record.state = { ...record.state };
  duringStart(9);
  expect(sizes.get(record)).toBeUndefined();
});
