import { describe, expect, test } from "bun:test";
import { openUsageRegister } from "./usage-register.ts";

const web = { id: "1", name: "web" };
const worker = { id: "2", name: "worker" };

describe("a register of uses", () => {
  test("lists the users of a resource with their state", () => {
    const register = openUsageRegister<"image" | "volume">();
    register.register(web, [{ kind: "image", key: "a", active: true }]);
    register.register(worker, [
      { kind: "image", key: "a", active: false },
      { kind: "volume", key: "a", active: false },
    ]);
    expect(register.users("image", "a")).toEqual([
      { ...web, active: true },
      { ...worker, active: false },
    ]);
    expect(register.users("volume", "a")).toEqual([{ ...worker, active: false }]);
    expect(register.isUsed("volume", "b")).toBe(false);
  });

  test("replaces a user's earlier uses", () => {
    const register = openUsageRegister<"volume">();
    register.register(web, [{ kind: "volume", key: "old", active: true }]);
    register.register({ ...web, name: "renamed" }, [{ kind: "volume", key: "new", active: true }]);
    expect(register.isUsed("volume", "old")).toBe(false);
    expect(register.users("volume", "new")).toEqual([{ id: "1", name: "renamed", active: true }]);
  });

  test("forgets a user that withdraws, and no other", () => {
    const register = openUsageRegister<"volume">();
    register.register(web, [{ kind: "volume", key: "shared", active: true }]);
    register.register(worker, [{ kind: "volume", key: "shared", active: true }]);
    register.withdraw(web.id);
    register.withdraw("unknown");
    expect(register.users("volume", "shared").map(({ id }) => id)).toEqual([worker.id]);
    register.withdraw(worker.id);
    expect(register.isUsed("volume", "shared")).toBe(false);
  });
});
