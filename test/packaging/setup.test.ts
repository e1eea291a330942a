import { describe, expect, test } from "bun:test";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";

/** Programs of the machine that the set-up uses. */
const borrowed = ["bash", "cut", "dirname", "grep", "head", "sed", "sort", "tr", "uname"];

const rustup = `curl --proto '=https' -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env`;

/** Runs the set-up on a machine with only these programs. The programs are bodies of shell scripts by name. */
async function setUp(programs: Record<string, string>, ...groups: string[]) {
  using directory = temporaryDirectory("setup");
  for (const name of borrowed) symlinkSync(Bun.which(name) ?? name, `${directory.path}/${name}`);
  for (const [name, body] of Object.entries(programs)) {
    const path = `${directory.path}/${name}`;
    writeFileSync(path, `#!/bin/bash\n${body}\n`);
    chmodSync(path, 0o755);
  }
  const environment = { PATH: directory.path, HOME: directory.path };
  return await runProgram(["bash", `${repository}/scripts/setup`, "base", ...groups], { environment });
}

/** Debian's programs on a machine with the package gcc alone. */
const debian = {
  "apt-get": "exit 1",
  "dpkg-query": "echo gcc installed; echo libc6-dev installed",
  cc: "",
  cargo: "",
  node: "echo v20.0.0",
  rustc: "echo rustc 1.63.0",
};

describe.skipIf(process.getuid?.() === 0)("set-up by a plain user", () => {
  test("names all that is missing on Debian in one line", async () => {
    const candidate = 'echo "  Candidate: 1.99.0+dfsg1-1"';
    const { code, stderr } = await setUp({ ...debian, "apt-cache": candidate });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "setup: missing packages, install them with: sudo apt-get install --no-install-recommends procps uidmap cargo-web rustc-web\n",
    });
  });

  test("names Chromium and Docker's clients where the release has them", async () => {
    const { stderr } = await setUp({ ...debian, "apt-cache": "echo found" }, "test");
    expect(stderr).toContain(" chromium docker-cli docker-buildx docker-compose");
  });

  test("names the update of absent package lists, and rustup where Debian's Rust is unknown", async () => {
    const { code, stderr } = await setUp({ ...debian, "apt-cache": "exit 100" });
    const install = "sudo apt-get update && sudo apt-get install --no-install-recommends procps uidmap";
    const rust = stderr.includes("rustc-web") ? " cargo-web rustc-web" : ` && ${rustup}`;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `setup: missing packages, install them with: ${install}${rust}\n`,
    });
  });

  test("names Node.js in the same line when it is too old", async () => {
    const { stderr } = await setUp({ ...debian, node: "echo v18.20.4", "apt-cache": "exit 100" });
    expect(stderr.match(/.*; install Node.js 20 or later from https:\/\/nodejs.org\n/g)).toEqual([stderr]);
  });

  test("names Rust alone when only Rust is too old", async () => {
    const installed = "printf '%s installed\\n' gcc libc6-dev procps uidmap";
    const { code, stderr } = await setUp({
      ...debian,
      "dpkg-query": installed,
      "apt-cache": "echo base-files",
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `setup: missing packages, install them with: ${rustup}\n`,
    });
  });

  test("names the package manager's line on Fedora", async () => {
    const { code, stderr } = await setUp({ dnf: "", node: "echo v22.0.0" });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `setup: missing packages, install them with: sudo dnf install gcc glibc-devel shadow-utils && ${rustup}\n`,
    });
  });
});
