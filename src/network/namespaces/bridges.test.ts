import { expect, test } from "bun:test";
import { openBridges } from "./bridges.ts";

test("a bridge is created for its first use, and again after a failure, which every use under way sees", async () => {
  const bridges = openBridges([]);
  let attempts = 0;
  const create = async () => {
    if (++attempts === 1) throw new Error("no bridges");
  };
  bridges.use("net", create);
  bridges.use("net", create);
  expect(attempts).toBe(1);
  expect(bridges.created("net")).rejects.toThrow("no bridges");
  await Bun.sleep(0);
  expect(bridges.created("net")).toBeUndefined();
  bridges.use("net", create);
  await bridges.created("net");
  bridges.use("net", create);
  expect(attempts).toBe(2);
});

test("a bridge that an earlier daemon has used is not created", () => {
  const bridges = openBridges([]);
  let attempts = 0;
  bridges.use("net");
  bridges.use("net", async () => void attempts++);
  expect(attempts).toBe(0);
});
