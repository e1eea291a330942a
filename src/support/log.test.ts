import { expect, test } from "bun:test";
import { TboxError } from "./errors.ts";
import { openLog, setLogLevels } from "./log.ts";
import { type LogScope, parseLogLevels } from "./log-levels.ts";

function record(scope: LogScope, levels = "") {
  const lines: string[] = [];
  const log = openLog(scope, { levels: parseLogLevels(levels), write: (line) => lines.push(line) });
  return { log, lines };
}

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test("a line has time, level, scope and message", () => {
  const { log, lines } = record("daemon");
  log.info("listening on /run/tbox.sock");
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^${time} info daemon: listening on /run/tbox.sock\n$`)),
  ]);
});

test("a warning ends with the messages of the cause", () => {
  const { log, lines } = record("network");
  const cause = new TboxError("unavailable", "remove the bridge", { cause: new Error("device is busy") });
  log.warn("remove network web", cause);
  expect(lines[0]).toEndWith("warn network: remove network web: remove the bridge: device is busy\n");
});

test("an error ends with the top of the stack", () => {
  const { log, lines } = record("api");
  log.error("request failed", new Error("no space left"));
  expect(lines[0]).toMatch(/ error api: request failed: no space left at .*log\.test\.ts/);
});

test("a message with line breaks stays on one line", () => {
  const { log, lines } = record("builds");
  log.warn("one\ntwo", new Error("three\r\nfour"));
  expect(lines[0]).toEndWith("warn builds: one\\ntwo: three\\r\\nfour\n");
});

test.each([
  ["debug", true],
  ["images=debug,api=debug", true],
  ["images=debug", false],
  ["", false],
])("TBOX_LOG=%s decides whether scope api writes debug lines", (levels, written) => {
  const { log, lines } = record("api", levels);
  log.debug(() => "GET /info 200");
  expect(lines).toHaveLength(written ? 1 : 0);
});

test("a debug message is not composed when its scope is off", () => {
  const { log } = record("api", "images=debug");
  log.debug(() => {
    throw new Error("composed");
  });
});

test("a level hides the less important lines of a scope", () => {
  const { log, lines } = record("network", "network=error");
  log.info("joined");
  log.warn("slow");
  log.error("lost");
  expect(lines).toHaveLength(1);
});

test("levels can be changed while logs are open, and TBOX_LOG overrides the configuration", () => {
  const lines: string[] = [];
  const log = openLog("images", { write: (line) => lines.push(line) });
  try {
    log.debug(() => "before");
    setLogLevels("images=debug", {});
    log.debug(() => "configured");
    setLogLevels("images=debug", { TBOX_LOG: "error" });
    log.info("overridden");
    setLogLevels("error", { TBOX_DEBUG: "images" });
    log.debug(() => "of TBOX_DEBUG");
    expect(() => setLogLevels("loud", {})).toThrow("unknown log level loud");
    log.debug(() => "kept");
  } finally {
    setLogLevels(undefined, {});
  }
  const messages = lines.map((line) => line.replace(/^.*images: /, "").trim());
  expect(messages).toEqual(["configured", "of TBOX_DEBUG", "kept"]);
});
