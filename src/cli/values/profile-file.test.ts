import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { readProfileFile } from "./profile-file.ts";

test("a profile is sent without white space and with exact numbers", async () => {
  using directory = temporaryDirectory("profile");
  const path = `${directory.path}/p.json`;
  writeFileSync(path, '{\n  "a b": "c \\" d",\n\t"value": 18446744073709551615 }\n');
  expect(await readProfileFile(path)).toBe('{"a b":"c \\" d","value":18446744073709551615}');
});

test("a missing file and text that is not JSON are refused by name", async () => {
  using directory = temporaryDirectory("profile");
  const path = `${directory.path}/p.json`;
  await expect(readProfileFile(path)).rejects.toThrow(`opening seccomp profile (${path}) failed`);
  writeFileSync(path, "{");
  await expect(readProfileFile(path)).rejects.toThrow(`compacting json for seccomp profile (${path}) failed`);
});
