import { expect, test } from "bun:test";
import { parseUserns } from "./userns.ts";

test.each([
  ["", undefined],
  ["host", undefined],
  ["keep-id", {}],
  ["keep-id:uid=1000", { uid: 1000 }],
  ["keep-id:gid=0", { gid: 0 }],
  ["keep-id:uid=1000,gid=100", { uid: 1000, gid: 100 }],
  ["keep-id:user=vscode", { user: "vscode" }],
])("%j maps %j to the daemon's user", (mode, ids) => {
  expect(parseUserns(mode, "userns")).toEqual(ids);
});

const others = ["keep-id:uid=", "keep-id:uid=a", "keep-id:size=1", "keep-id:uid=4294967295"];
test.each(["auto", "keep-id:", "keep-id:user=", "keep-id:user=a,gid=1", ...others])(
  "%j is refused, and the message names the accepted modes",
  (mode) => {
    expect(() => parseUserns(mode, "HostConfig.UsernsMode")).toThrow(
      `HostConfig.UsernsMode: must be host, keep-id, keep-id:uid=N,gid=N or keep-id:user=NAME, not ${JSON.stringify(mode)}`,
    );
  },
);
