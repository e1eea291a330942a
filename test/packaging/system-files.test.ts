import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { foreignSystem, ownSystem } from "../../scripts/packaging/system-files.ts";

// Debian's names of directories; readelf comes with the compiler.
const folder = { x64: "/lib/x86_64-linux-gnu", arm64: "/lib/aarch64-linux-gnu" }[process.arch as string];
const skipped = folder === undefined || !existsSync(folder) || Bun.which("readelf") === null;

test.skipIf(skipped)("the libraries of another architecture are found as the loader finds this one's", () => {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const programs = [process.execPath, ownSystem(arch).find("sh")];
  const names = (found: [path: string, source: string][]) => found.map(([path]) => basename(path)).toSorted();
  const expected = names(ownSystem(arch).librariesOf(programs));
  expect(names(foreignSystem("", arch).librariesOf(programs))).toEqual(expected);
  expect(expected).toContain("libc.so.6");
});
