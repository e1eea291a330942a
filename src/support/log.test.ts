import { expect, test } from "bun:test";
import { TboxError } from "./errors.ts";
import { type LogScope, openLog } from "./log.ts";

function record(scope: LogScope, debug?: string) {
  const lines: string[] = [];
  const log = openLog(scope, { debug, write: (line) => lines.push(line) });
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
  ["api", true],
  ["images, api", true],
  ["*", true],
  ["images", false],
  ["", false],
])("TBOX_DEBUG=%s decides whether scope api writes debug lines", (debug, written) => {
  const { log, lines } = record("api", debug);
  log.debug(() => "GET /info 200");
  expect(lines).toHaveLength(written ? 1 : 0);
});

test("a debug message is not composed when its scope is off", () => {
  const { log } = record("api", "images");
  log.debug(() => {
    throw new Error("composed");
  });
});
