import { describe, expect, test } from "bun:test";
import { planVolumes } from "../volumes/plan-volumes.ts";
import { planLog } from "./log-options.ts";
import { planMounts } from "./plan-mounts.ts";
import { parseSecurityOptions } from "./security-options.ts";

describe("options of old Compose files are accepted", () => {
  test.each(["cached", "delegated", "consistent", "ro,cached", "z,delegated"])("-v a:b:%s", (mode) => {
    const host = { Binds: [`/a:/b:${mode}`, `data:/c:${mode}`] };
    const [bind] = planMounts(host).mounts;
    expect(bind).toMatchObject({ type: "bind", source: "/a", readonly: mode.includes("ro") });
    const find = () => {
      throw new Error("no container is looked up");
    };
    expect(planVolumes({ host, anonymous: [], find }).volumes).toMatchObject([{ name: "data" }]);
  });

  test.each([
    "apparmor:unconfined",
    "apparmor=docker-default",
    "label=type:container_t",
    "label:disable",
    "label=level:s0:c1,c2",
    "label:nested",
  ])("--security-opt %s", (option) => {
    expect(parseSecurityOptions([option])).toEqual(parseSecurityOptions([]));
  });

  test.each(["apparmor=mine", "label=color:red", "label="])("--security-opt %s is refused", (option) => {
    expect(() => parseSecurityOptions([option])).toThrow(`security option "${option}" is not supported`);
  });

  test.each(["", "color", "color=red"])(
    "--security-opt '%s', which Docker does not know, is invalid",
    (option) => {
      expect(() => parseSecurityOptions([option])).toThrow(`invalid --security-opt: "${option}"`);
    },
  );

  test("log options that name attributes, a mode or compression", () => {
    const Config = { labels: "a,b", env: "C", tag: "{{.Name}}", mode: "non-blocking", compress: "true" };
    expect(planLog({ Type: "json-file", Config })).toEqual(planLog(undefined));
    expect(() => planLog({ Config: { mode: "sometimes" } })).toThrow("logging mode not supported: sometimes");
    expect(() => planLog({ Config: { color: "red" } })).toThrow("unknown log opt 'color'");
  });
});

test("ReadOnlyNonRecursive leaves the mounts below a read-only source writable", () => {
  const BindOptions = { ReadOnlyNonRecursive: true };
  const { mounts } = planMounts({
    Mounts: [{ Type: "bind", Source: "/a", Target: "/b", ReadOnly: true, BindOptions }],
  });
  expect(mounts[0]).toMatchObject({ readonly: true, shallowReadonly: true, recursive: true });
});

describe("options of tmpfs mounts", () => {
  const plan = (options: string) => planMounts({ Tmpfs: { "/t": options } }).mounts[0];

  test("name the owner, the number of files and a share of the memory", () => {
    expect(plan("uid=1000,gid=5,nr_inodes=4k,noatime,relatime")).toMatchObject({
      uid: 1000,
      gid: 5,
      inodes: 4096,
      noatime: true,
    });
    expect(plan("size=10%")).toMatchObject({ size: expect.any(Number) });
  });

  test.each(["size=1x", "uid=x", "uid=4294967295", "mode=999", "nr_inodes=-1", "suid", "dev"])(
    "%s is refused",
    (option) => {
      expect(() => plan(option)).toThrow(`invalid tmpfs option "${option}"`);
    },
  );
});
