import { expect, test } from "bun:test";
import { parseDebugScopes, parseLogLevels } from "./log-levels.ts";

test("a level applies to all scopes, and a scope's own level overrides it", () => {
  const levels = parseLogLevels("warn, network=debug");
  expect(levels.get("network")).toBe("debug");
  expect(levels.get("images")).toBe("warn");
  expect(parseLogLevels("api=error").get("images")).toBe("info");
  expect(parseLogLevels("").get("api")).toBe("info");
});

test("unknown levels and scopes are refused with the known ones", () => {
  expect(() => parseLogLevels("loud")).toThrow("unknown log level loud: use debug, info, warn, error");
  expect(() => parseLogLevels("net=debug")).toThrow("unknown log scope net: use api,");
});

test("TBOX_DEBUG names scopes or all of them", () => {
  expect(parseDebugScopes("api, network,none")).toEqual(["api", "network"]);
  expect(parseDebugScopes("*")).toHaveLength(10);
});
