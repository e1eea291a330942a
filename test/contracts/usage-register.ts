import { describe, expect, test } from "bun:test";
import type { UsageRegister } from "#support/usage-register.ts";

const web = { id: "1", name: "web" };
const worker = { id: "2", name: "worker" };

type Register = UsageRegister<"image" | "volume">;

/** Declares the guarantees of a usage register. `open` returns an empty one. */
export function describeUsageRegister(name: string, open: () => Register): void {
  describe(name, () => {
    test("lists the users of a resource with their state", () => {
      const register = open();
      register.register(web, [{ kind: "image", key: "a", active: true }]);
      register.register(worker, [{ kind: "image", key: "a", active: false }]);
      expect(register.users("image", "a")).toEqual([
        { ...web, active: true },
        { ...worker, active: false },
      ]);
      expect(register.isUsed("image", "a")).toBe(true);
    });

    test("separates resources of different kinds with the same key", () => {
      const register = open();
      register.register(web, [{ kind: "image", key: "a", active: true }]);
      expect(register.isUsed("volume", "a")).toBe(false);
      expect(register.users("volume", "a")).toEqual([]);
    });

    test("replaces a user's earlier uses", () => {
      const register = open();
      register.register(web, [{ kind: "volume", key: "old", active: true }]);
      register.register({ ...web, name: "renamed" }, [{ kind: "volume", key: "new", active: true }]);
      expect(register.isUsed("volume", "old")).toBe(false);
      expect(register.users("volume", "new")).toEqual([{ id: "1", name: "renamed", active: true }]);
    });

    test("registering no uses removes the earlier ones", () => {
      const register = open();
      register.register(web, [{ kind: "volume", key: "data", active: true }]);
      register.register(web, []);
      expect(register.isUsed("volume", "data")).toBe(false);
    });

    test("keeps the order of the first registration", () => {
      const register = open();
      register.register(web, [{ kind: "volume", key: "data", active: true }]);
      register.register(worker, [{ kind: "volume", key: "data", active: true }]);
      register.register(web, [{ kind: "volume", key: "data", active: false }]);
      expect(register.users("volume", "data")).toEqual([
        { ...web, active: false },
        { ...worker, active: true },
      ]);
    });

    test("withdraw removes the uses of one user and ignores an unknown one", () => {
      const register = open();
      register.register(web, [{ kind: "volume", key: "shared", active: true }]);
      register.register(worker, [{ kind: "volume", key: "shared", active: true }]);
      register.withdraw(web.id);
      register.withdraw("unknown");
      expect(register.users("volume", "shared").map(({ id }) => id)).toEqual([worker.id]);
      register.withdraw(worker.id);
      expect(register.isUsed("volume", "shared")).toBe(false);
    });
  });
}
