import { expect, test } from "bun:test";
import { parseSecurityOptions } from "./security.ts";

test("options pass to the daemon; systempaths=unconfined empties the lists of masked paths", () => {
  expect(parseSecurityOptions(["no-new-privileges", "seccomp=unconfined", "systempaths=unconfined"])).toEqual(
    {
      SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
      MaskedPaths: [],
      ReadonlyPaths: [],
    },
  );
});

test("an unknown word is refused", () => {
  expect(() => parseSecurityOptions(["foo"])).toThrow('Invalid --security-opt: "foo"');
});
