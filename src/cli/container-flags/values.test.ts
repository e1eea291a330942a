import { describe, expect, test } from "bun:test";
import { parseBytes } from "#support/bytes.ts";
import { parseDevice } from "./device.ts";
import { parseEnvironmentEntry, parseLabel, resolveEnvironment, toRecord } from "./entries.ts";
import { parseEntries } from "./entry-file.ts";
import { parseExtraHost, parseIpAddress } from "./hosts.ts";
import { parseMount } from "./mount.ts";
import { parseSecurityOptions } from "./security.ts";
import { parseUlimit } from "./ulimit.ts";
import { parseBind } from "./volume.ts";

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["1024", 1024],
    ["64m", 64 * 1024 ** 2],
    ["64MB", 64 * 1024 ** 2],
    ["64 MiB", 64 * 1024 ** 2],
    ["1.5g", 1.5 * 1024 ** 3],
    ["10b", 10],
  ])("%s", (text, bytes) => expect(parseBytes(text)).toBe(bytes));
  test.each(["", "x", "-1", "1x", "m", "1.m", "1 2"])("refuses '%s'", (text) => {
    expect(() => parseBytes(text)).toThrow("invalid size");
  });
});

describe("environment", () => {
  test("a bare name takes the caller's value, an unset one is left out", () => {
    const entries = ["A", "B", "C=", "D=x=y", "EMPTY"];
    expect(resolveEnvironment(entries, { A: "1", EMPTY: "" })).toEqual(["A=1", "C=", "D=x=y", "EMPTY="]);
  });
  test("refuses an entry without a name", () => {
    expect(() => parseEnvironmentEntry("=x")).toThrow("invalid environment variable: =x");
    expect(() => parseLabel("=x")).toThrow("invalid label '=x': empty name");
  });
  test("labels: later ones win, a bare name is empty", () => {
    expect(toRecord(["a=1", "b", "a=2=3"])).toEqual({ a: "2=3", b: "" });
  });
});

describe("files of entries", () => {
  const parse = (text: string) => parseEntries(Buffer.from(text), "env");
  test.each([
    ["A=1\nB=2", ["A=1", "B=2"]],
    ["\uFEFFA=1\n", ["A=1"]],
    ["# no\n\n  \t\n  A=1\n", ["A=1"]],
    ["A=1 # kept\n", ["A=1 # kept"]],
    ['A="quoted"\n', ['A="quoted"']],
    ["A=1\r\nB\r\n", ["A=1", "B"]],
    ["A= x \n", ["A= x "]],
    ["A=b=c\n", ["A=b=c"]],
  ])("%j", (text, entries) => expect(parse(text)).toEqual(entries));
  test.each([
    ["a b=1", "variable 'a b' contains whitespaces"],
    ["A \n", "variable 'A ' contains whitespaces"],
    ["=x", "no variable name on line '=x'"],
  ])("refuses %j", (text, message) => expect(() => parse(text)).toThrow(message));
  test("refuses bytes that are no UTF-8", () => {
    expect(() => parseEntries(Uint8Array.of(65, 61, 0xff, 10), "env")).toThrow("invalid utf8 bytes");
  });
});

describe("mounts", () => {
  test.each([
    ["type=bind,src=/a,dst=/b", { Type: "bind", Source: "/a", Target: "/b" }],
    ["type=bind,source=/a,target=/b,ro", { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true }],
    [
      "type=bind,src=/a,destination=/b,readonly=false",
      { Type: "bind", Source: "/a", Target: "/b", ReadOnly: false },
    ],
    ['type=bind,"src=/a,b",dst=/c', { Type: "bind", Source: "/a,b", Target: "/c" }],
    [
      "type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-nonrecursive",
      {
        Type: "bind",
        Source: "/a",
        Target: "/b",
        BindOptions: { Propagation: "rslave", NonRecursive: true },
      },
    ],
    [
      "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770",
      { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1770 } },
    ],
  ])("%s", (text, mount) => expect(parseMount(text)).toEqual(mount));
  test.each([
    ["foo", "invalid field 'foo' must be a key=value pair"],
    ["type=bind,src=/a,dst=/b,foo=1", "unexpected key 'foo' in 'foo=1'"],
    ["type=bind,src=/a,dst=/b,readonly=maybe", "invalid value for readonly: maybe"],
    ["type=tmpfs,dst=/b,tmpfs-size=x", "invalid value for tmpfs-size: x"],
    ["type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"],
    ["type=tmpfs,dst=/b,bind-nonrecursive", "cannot mix bind options with a mount of type tmpfs"],
    ["type=bind,src=/a", "target is required"],
    ["type=bind,dst=/a", "source is required for a bind mount"],
    ["type=image,src=v,dst=/b", 'mounts of type "image" are not supported yet'],
    ["src=v,dst=/b,tmpfs-size=1m", "cannot mix tmpfs options with a mount of type volume"],
    ['type=bind,"src=/a', "a quote is not closed"],
  ])("refuses %s", (text, message) => expect(() => parseMount(text)).toThrow(message));
});

describe("volumes", () => {
  test.each([
    ["/a:/b", "/a:/b"],
    ["/a:/b:ro", "/a:/b:ro"],
    ["./a:/b", "/here/a:/b"],
    [".:/b", "/here:/b"],
    ["../a:/b", "/here/../a:/b"],
    ["data:/b:ro", "data:/b:ro"],
  ])("%s", (text, bind) => expect(parseBind(text, "/here")).toBe(bind));
  test.each([
    ["/a:b", "the target must be an absolute path"],
    ["/a:/", "the target may not be '/'"],
    ["/a:/b:ro:x", "it must be source:target[:options]"],
    ["data:b", "the target must be an absolute path"],
  ])("refuses %s", (text, message) => expect(() => parseBind(text, "/here")).toThrow(message));
});

describe("limits", () => {
  test.each([
    ["nofile=10", { Name: "nofile", Soft: 10, Hard: 10 }],
    ["nofile=10:20", { Name: "nofile", Soft: 10, Hard: 20 }],
    ["core=0", { Name: "core", Soft: 0, Hard: 0 }],
    ["memlock=-1", { Name: "memlock", Soft: -1, Hard: -1 }],
    ["nproc=5:-1", { Name: "nproc", Soft: 5, Hard: -1 }],
  ])("%s", (text, limit) => expect(parseUlimit(text)).toEqual(limit));
  test.each([
    ["foo", "invalid ulimit argument: foo"],
    ["foo=1", "invalid ulimit type: foo"],
    ["nofile=a", 'strconv.ParseInt: parsing "a": invalid syntax'],
    ["nofile=10:5", "ulimit soft limit must be less than or equal to hard limit: 10 > 5"],
    ["nofile=-1:5", "ulimit soft limit must be less than or equal to hard limit: -1 > 5"],
    ["nofile=1:2:3", "too many limit value arguments"],
  ])("refuses %s", (text, message) => expect(() => parseUlimit(text)).toThrow(message));
});

describe("hosts and addresses", () => {
  test.each([
    ["a:10.0.0.1", "a:10.0.0.1"],
    ["a=10.0.0.1", "a:10.0.0.1"],
    ["a:host-gateway", "a:host-gateway"],
    ["a:::1", "a:::1"],
    ["a=[::1]", "a:::1"],
  ])("%s", (text, host) => expect(parseExtraHost(text)).toBe(host));
  test.each(["a", "a:", "a:1.2.3", ":1.2.3.4"])("refuses %s", (text) => {
    expect(() => parseExtraHost(text)).toThrow("add-host");
  });
  test.each(["1.2.3.4", "::", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2::"])(
    "%s is an address",
    (text) => expect(parseIpAddress(text)).toBe(text),
  );
  test.each([
    "",
    "foo",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "12345::",
    "::1.2.3",
  ])("'%s' is none", (text) =>
    expect(() => parseIpAddress(text)).toThrow("IP address is not correctly formatted"),
  );
});

describe("security options", () => {
  test("are passed on, unmasking becomes empty lists", () => {
    expect(
      parseSecurityOptions(["no-new-privileges", "seccomp=unconfined", "systempaths=unconfined"]),
    ).toEqual({
      SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
      MaskedPaths: [],
      ReadonlyPaths: [],
    });
  });
  test("a word that says nothing is refused", () => {
    expect(() => parseSecurityOptions(["foo"])).toThrow('Invalid --security-opt: "foo"');
  });
});

test.each([
  ["/dev/fuse", { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" }],
  ["/dev/a:/dev/b", { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "rwm" }],
  ["/dev/a:rw", { PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rw" }],
  ["/dev/a:/dev/b:r", { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" }],
])("the device %s", (text, value) => {
  expect(parseDevice(text)).toEqual(value);
});

test.each(["", "/dev/a:/b:x", "/a:/b:r:w", "vendor.com/gpu=all"])("the device %j is refused", (text) => {
  expect(() => parseDevice(text)).toThrow();
});
