import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { hasRanges } from "#test/support/user.ts";
import { confinementOf, errorsOf, profiledCalls, unknown } from "../support/confinement.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? (hasRanges ? undefined : "the user has no subordinate ids");
const hasPerl = existsSync("/usr/bin/perl");

/** Options of `run` by the name of the file with the expected report. */
const kinds: Record<string, string[]> = {
  default: [],
  privileged: ["--privileged"],
  "cap-add": ["--cap-add", "SYS_ADMIN", "--cap-drop", "NET_RAW"],
  "keep-id": ["--userns", "keep-id", "--user", "1000"],
  unconfined: ["--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined"],
  "no-new-privileges": ["--security-opt", "no-new-privileges", "--user", "1000:1000", "--read-only"],
};

daemonSuite("the confinement of a container", { obstacle, prepare: loadBox }, (daemon) => {
  test.each(Object.entries(kinds))("is as documented: %s", async (kind, options) => {
    const path = `${import.meta.dir}/confinement/${kind}.txt`;
    const found = await confinementOf(daemon, options);
    if (process.env.TBOX_TEST_UPDATE !== undefined) writeFileSync(path, `${found.join("\n")}\n`);
    const expected = readFileSync(path, "utf8").trim().split("\n");
    const known = new Set(found.filter((line) => line.endsWith(`: ${unknown}`)).map(keyOf));
    const settled = (lines: string[]) => lines.filter((line) => !known.has(keyOf(line)));
    expect(settled(found)).toEqual(settled(expected));
  });

  test.skipIf(!hasPerl).each([
    ["default", [], []],
    ["cap-add", ["--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE"], ["SYS_ADMIN", "SYS_PTRACE"]],
    ["keep-id", ["--userns", "keep-id"], []],
  ])("refuses the calls that the profile forbids: %s", async (_, options, capabilities) => {
    const refused = ["EPERM", "ENOSYS"];
    const numbers: Record<string, number> = { EPERM: 1, ENOSYS: 38 };
    const forbidden = ({ rule }: { rule: string }) =>
      refused.some((error) => rule.startsWith(error)) &&
      !["SYS_CHROOT", ...capabilities].some((one) => rule.includes(`allowed with ${one}`));
    const calls = profiledCalls();
    const confined = await errorsOf(daemon, options);
    const free = await errorsOf(daemon, [...options, "--security-opt", "seccomp=unconfined"]);
    const wrong = calls.filter((call) => {
      const error = confined.get(call.number);
      if (forbidden(call)) return error !== numbers[call.rule.split(",")[0] ?? ""];
      return !call.rule.startsWith("limited") && error !== free.get(call.number);
    });
    expect(wrong.map(({ number, name }) => [name, confined.get(number), free.get(number)])).toEqual([]);
    expect(calls.filter(forbidden).length).toBeGreaterThan(30);
  });

  test.skipIf(!hasPerl)("with --privileged has every call", async () => {
    const privileged = await errorsOf(daemon, ["--privileged"]);
    const free = await errorsOf(daemon, ["--privileged", "--security-opt", "seccomp=unconfined"]);
    expect(privileged).toEqual(free);
  });
});

function keyOf(line: string): string {
  return line.slice(0, line.lastIndexOf(": "));
}
