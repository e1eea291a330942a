import { describe, expect, test } from "bun:test";
import { mountSource, parseRunMount } from "./run-mount.ts";

const parse = (text: string) => parseRunMount(text, (value) => value.replace("$DIR", "/d"));

describe("--mount of RUN", () => {
  test("is a read-only bind by default", () => {
    expect(parse("target=$DIR/x,source=y,from=stage")).toEqual({
      type: "bind",
      from: "stage",
      source: "y",
      target: "/d/x",
      readOnly: true,
      size: 0,
      id: "",
      sharing: "shared",
      required: false,
    });
  });

  test.each([
    [
      "type=cache,target=/c,sharing=LOCKED,mode=0700,uid=1,gid=2",
      { readOnly: false, sharing: "locked", mode: 0o700, uid: 1, gid: 2 },
    ],
    ["type=tmpfs,target=/t,size=64m", { readOnly: false, size: 64 * 1024 * 1024 }],
    ["type=secret,id=token,required", { readOnly: true, id: "token", required: true }],
    ["type=secret,id=token,env=TOKEN,required=false", { env: "TOKEN", required: false }],
    ["type=ssh", { type: "ssh", target: "" }],
    ['type=bind,"target=/a,b",rw', { target: "/a,b", readOnly: false }],
  ])("%s", (text, expected) => expect(parse(text)).toMatchObject(expected));

  test.each([
    ["type=bnid,target=/x", "did you mean bind"],
    ["type=tmpfs,target=/x,mode=700", "mode not allowed"],
    ["type=bind,target=/x,sharing=shared", "invalid cache sharing"],
    ["type=bind,target=/x,required", "unexpected key 'required'"],
    ["type=secret", "one of source, target required"],
    ["type=secret,id=a,source=b", "both source and id"],
    ["type=cache", "needs a target"],
    ["type=bind,target=/x,sizee=1", "did you mean size"],
    ["type=cache,target=/x,uid=4294967295", "invalid value"],
    ["type=bind,target", "must be a key=value pair"],
  ])("%s throws", (text, reason) => expect(() => parse(text)).toThrow(reason));

  test("has a source without variable expansion", () => {
    expect(mountSource("type=bind,from=stage,target=/x")).toBe("stage");
    expect(mountSource("type=cache,target=/x")).toBeUndefined();
    expect(() => mountSource("from=$STAGE,target=/x")).toThrow("doesn't support variable expansion");
  });
});
