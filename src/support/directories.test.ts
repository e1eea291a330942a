import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dataDirectory, knownRunDirectory, runDirectory } from "./directories.ts";

const uid = process.getuid?.() ?? 0;

describe("dataDirectory", () => {
  test.each([
    [{ TBOX_DATA_DIR: "/data", XDG_DATA_HOME: "/xdg", HOME: "/home/a" }, "/data"],
    [{ XDG_DATA_HOME: "/xdg", HOME: "/home/a" }, "/xdg/tbox"],
    [{ XDG_DATA_HOME: "relative", HOME: "/home/a" }, "/home/a/.local/share/tbox"],
    [{ TBOX_DATA_DIR: "", HOME: "/home/a" }, "/home/a/.local/share/tbox"],
  ])("%o gives %s", (environment, expected) => {
    expect(dataDirectory(environment)).toBe(expected);
  });

  test("refuses a relative TBOX_DATA_DIR and an environment without HOME", () => {
    expect(() => dataDirectory({ TBOX_DATA_DIR: "data" })).toThrow("must be an absolute path: data");
    expect(() => dataDirectory({})).toThrow("HOME is not set");
  });
});

describe("runDirectory", () => {
  let session: string;
  beforeAll(() => {
    session = mkdtempSync(`${tmpdir()}/tbox-test-`);
  });
  afterAll(() => rmSync(session, { recursive: true }));

  test("prefers TBOX_RUN_DIR", async () => {
    expect(await runDirectory({ TBOX_RUN_DIR: "/run/a", XDG_RUNTIME_DIR: session }, uid)).toBe("/run/a");
  });

  test("uses the session directory when it is private to the user", async () => {
    expect(await runDirectory({ XDG_RUNTIME_DIR: session }, uid)).toBe(`${session}/tbox`);
  });

  test.each([0o755, 0o710, 0o777])("ignores a session directory with mode %o", async (mode) => {
    chmodSync(session, mode);
    const other = await runDirectory({ XDG_RUNTIME_DIR: session }, uid);
    chmodSync(session, 0o700);
    expect(other).toBe(`/tmp/tbox-${uid}`);
  });

  test("ignores a session directory of another user", async () => {
    expect(await runDirectory({ XDG_RUNTIME_DIR: session }, 987_654)).toBe("/tmp/tbox-987654");
  });

  test("ignores a missing or relative session directory", async () => {
    expect(await runDirectory({ XDG_RUNTIME_DIR: `${session}/none` }, 987_654)).toBe("/tmp/tbox-987654");
    expect(await runDirectory({ XDG_RUNTIME_DIR: "run" }, 987_654)).toBe("/tmp/tbox-987654");
  });
});

test.each([
  [{ TBOX_RUN_DIR: "/run/a", XDG_RUNTIME_DIR: "/run/user/1000" }, "/run/a"],
  [{ XDG_RUNTIME_DIR: "/run/user/1000" }, "/run/user/1000/tbox"],
  [{ XDG_RUNTIME_DIR: "/run/user/1001" }, undefined],
  [{ XDG_RUNTIME_DIR: "/run/user/1000/deeper" }, undefined],
  [{}, undefined],
])("knownRunDirectory of %o for user 1000 is %s", (environment, expected) => {
  expect(knownRunDirectory(environment, 1000)).toBe(expected);
});
