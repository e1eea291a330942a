import { expect, test } from "bun:test";
import { parseSecurityOptions } from "./security.ts";

const readProfile = async (path: string) => `{"path":"${path}"}`;

test("options are sent to the daemon; systempaths=unconfined empties the lists of masked paths", async () => {
  const options = ["no-new-privileges", "seccomp=unconfined", "systempaths=unconfined"];
  expect(await parseSecurityOptions(options, readProfile)).toEqual({
    SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
    MaskedPaths: [],
    ReadonlyPaths: [],
  });
});

test("a seccomp profile is sent as its text", async () => {
  const parsed = await parseSecurityOptions(["seccomp=p.json", "seccomp:builtin"], readProfile);
  expect(parsed).toEqual({ SecurityOpt: ['seccomp={"path":"p.json"}', "seccomp:builtin"] });
});

test.each(["foo", "seccomp="])("%s is refused", async (option) => {
  await expect(parseSecurityOptions([option], readProfile)).rejects.toThrow(
    `Invalid --security-opt: "${option}"`,
  );
});
