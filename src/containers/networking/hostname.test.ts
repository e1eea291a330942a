import { expect, test } from "bun:test";
import { hostnameOf } from "./hostname.ts";

const named = (Hostname: string) => hostnameOf("a".repeat(64), { config: { Hostname }, hostConfig: {} });

test.each(["web", "my host", "größe", "a".repeat(64)])("'%s' is a hostname", (name) => {
  expect(named(name)).toBe(name);
});

test("the default is the short ID", () => {
  expect(named("")).toBe("a".repeat(12));
});

test.each(["a\nb", "a\tb", "a".repeat(65), "ö".repeat(33)])("'%s' is refused", (name) => {
  expect(() => named(name)).toThrow("invalid hostname");
});
