import { expect, test } from "bun:test";
import { planCapabilities } from "./capabilities.ts";

test.each([
  [[], ["all"], []],
  [["net_admin"], ["ALL"], ["NET_ADMIN"]],
  [["CAP_CHOWN", "KILL"], ["ALL"], ["CHOWN", "KILL"]],
])("adding %j and dropping %j leaves %j", (add, drop, expected) => {
  expect(planCapabilities(add, drop)).toEqual(expected);
});

test("the default is Docker's set without SYS_ADMIN", () => {
  const capabilities = planCapabilities([], []);
  expect(capabilities).toHaveLength(14);
  expect(capabilities).not.toContain("SYS_ADMIN");
});

test("a capability can be dropped from ALL or added to the default", () => {
  expect(planCapabilities(["ALL"], ["CAP_SYS_ADMIN"])).toHaveLength(40);
  expect(planCapabilities(["SYS_PTRACE"], ["KILL"])).toHaveLength(14);
});

test("an unknown capability is refused by name", () => {
  expect(() => planCapabilities(["FLY"], [])).toThrow('invalid CapAdd: unknown capability: "CAP_FLY"');
  expect(() => planCapabilities([], ["cap_walk"])).toThrow('invalid CapDrop: unknown capability: "CAP_WALK"');
});
