import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import type { HostCheck } from "./host-checks.ts";

/** Applies the fixes of checks in another process, where `loginctl` is this script. */
async function fix(checks: HostCheck[], loginctl: string) {
  using place = temporaryDirectory("fix");
  writeFileSync(`${place.path}/loginctl`, `#!/bin/sh\n${loginctl}\n`, { mode: 0o755 });
  const program = `
    import { applyFixes } from "${import.meta.dir}/apply-fixes.ts";
    process.exitCode = (await applyFixes(${JSON.stringify(checks)})) ? 0 : 1;`;
  const environment = { PATH: `${place.path}:/usr/bin:/bin`, HOME: place.path };
  return await runProgram([process.execPath, "-e", program], { cwd: repository, environment });
}

const logout: HostCheck = { name: "logout", status: "degraded", detail: "", fix: "linger" };
const units: HostCheck = { name: "systemd units", status: "degraded", detail: "", fix: "systemd" };
const needsRoot: HostCheck = { name: "newuidmap", status: "degraded", detail: "" };

describe("doctor --fix", () => {
  test("lets containers continue after the logout, and leaves alone what needs root", async () => {
    expect(await fix([needsRoot, logout], '[ "$*" = enable-linger ]')).toEqual({
      code: 0,
      stdout: "fixed logout: containers continue after you log out\n",
      stderr: "",
    });
  });

  test("tries the other fixes after one that fails, and names the line for root", async () => {
    const { code, stderr } = await fix([logout, units], "echo refused >&2; exit 1");
    expect(code).toBe(1);
    const [first = "", second = ""] = stderr.trim().split("\n");
    expect(first).toContain(
      "cannot fix logout: loginctl enable-linger: refused: use sudo loginctl enable-linger",
    );
    expect(second).toContain("cannot fix systemd units: ");
  });
});
