import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { repository } from "#test/support/repository.ts";

const folder = `${repository}/native/crates/launcher/src/kernel`;
const sources = readdirSync(folder)
  .map((name) => readFileSync(`${folder}/${name}`, "utf8"))
  .join("\n");

/** Names of system calls that differ from the kernel's. */
const renamed: Record<string, string> = { SIGACTION: "rt_sigaction", SIGPROCMASK: "rt_sigprocmask" };

const architectures = [
  { name: "x86_64", compilers: ["x86_64-linux-gnu-gcc", ...(process.arch === "x64" ? ["cc"] : [])] },
  { name: "aarch64", compilers: ["aarch64-linux-gnu-gcc", ...(process.arch === "arm64" ? ["cc"] : [])] },
];

/** Returns assertions on the numbers that the launcher has for an architecture. */
function numberAssertions(architecture: string): string[] {
  const start = sources.indexOf(`#[cfg(target_arch = "${architecture}")]\npub mod number {`);
  const block = sources.slice(start, sources.indexOf("\n}", start));
  return [...block.matchAll(/const (\w+): usize = (\d+);/g)].map(
    ([, name = "", number]) =>
      `_Static_assert(__NR_${renamed[name] ?? name.toLowerCase()} == ${number}, "${name}");`,
  );
}

/** Returns assertions on the structures that the launcher declares, by the header with the kernel's. */
function layoutAssertions(): Map<string, readonly string[]> {
  const layouts = sources.matchAll(/layout!\(\s*\w+,\s*"([\w/.]+): (struct \w+)",\s*(\d+),([^;]*?)\s*\);/g);
  const found = [...layouts].map(([, header = "", type, size, fields = ""]) => {
    const offsets = fields.matchAll(/"(\w+)" at (\d+)/g);
    const lines = [...offsets].map(
      ([, field, offset]) =>
        `_Static_assert(__builtin_offsetof(${type}, ${field}) == ${offset}, "${field}");`,
    );
    return [header, [`_Static_assert(sizeof(${type}) == ${size}, "${type}");`, ...lines]] as const;
  });
  return new Map(found);
}

/** Compiles assertions with a header, and returns the compiler's messages. */
function compile(compiler: string, header: string, assertions: readonly string[]): string {
  const text = `#include <stddef.h>\n#include <${header}>\n${assertions.join("\n")}\n`;
  const command = [compiler, "-fsyntax-only", "-x", "c", "-"];
  const { stderr } = Bun.spawnSync(command, { stdin: Buffer.from(text), stderr: "pipe" });
  return stderr.toString();
}

describe.each(architectures)("on $name, the launcher", ({ name, compilers }) => {
  const compiler = compilers.find((one) => Bun.which(one) !== null) ?? "";

  test.skipIf(compiler === "")("has the kernel's numbers of system calls", () => {
    const assertions = numberAssertions(name);
    expect(assertions.length).toBeGreaterThan(20);
    expect(compile(compiler, "asm/unistd.h", assertions)).toBe("");
    expect(compile(compiler, "asm/unistd.h", ['_Static_assert(__NR_read == 9999, "read");'])).not.toBe("");
  });

  test.skipIf(compiler === "")("has the kernel's structures", () => {
    const layouts = layoutAssertions();
    expect(layouts.size).toBe(5);
    for (const [header, assertions] of layouts) expect(compile(compiler, header, assertions)).toBe("");
  });
});
