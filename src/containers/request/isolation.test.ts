import { describe, expect, test } from "bun:test";
import { createdRecord } from "#test/support/container-record.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { HostConfig } from "./create-request.ts";
import { isIsolated } from "./isolation.ts";

function container(hostConfig: HostConfig, more: Partial<ContainerRecord> = {}): ContainerRecord {
  return createdRecord({ hostConfig, ...more });
}

describe("a container", () => {
  test.each<[string, HostConfig]>([
    ["with defaults", {}],
    ["without a network", { NetworkMode: "none", AutoRemove: true }],
    ["on a network, with a published port", { NetworkMode: "mine", PortBindings: { "80/tcp": null } }],
    ["with fewer rights", { CapDrop: ["ALL"], ReadonlyRootfs: true, Ulimits: [] }],
    ["with unset fields", { Binds: [], Privileged: false, PidMode: "", CapAdd: [], Sysctls: {} }],
  ])("%s is isolated", (_, host) => {
    expect(isIsolated(container(host))).toBe(true);
  });

  test.each<[string, HostConfig]>([
    ["a directory of the host", { Binds: ["/tmp:/tmp"] }],
    ["a mount", { Mounts: [{ Type: "bind", Source: "/tmp", Target: "/t" }] }],
    ["the volumes of another container", { VolumesFrom: ["other"] }],
    ["the host's network", { NetworkMode: "host" }],
    ["another container's network", { NetworkMode: "container:aa" }],
    ["another container's processes", { PidMode: "container:aa" }],
    ["shareable memory", { IpcMode: "shareable" }],
    ["more rights", { CapAdd: ["SYS_ADMIN"] }],
    ["all rights", { Privileged: true }],
    ["a device", { Devices: [{ PathOnHost: "/dev/fuse" }] }],
    ["another filter of system calls", { SecurityOpt: ["seccomp=unconfined"] }],
    ["another mapping of ids", { UsernsMode: "keep-id" }],
    ["no masked paths", { MaskedPaths: [] }],
    ["no read-only paths", { ReadonlyPaths: [] }],
  ])("with %s is not isolated", (_, host) => {
    expect(isIsolated(container(host))).toBe(false);
  });

  test("on a directory of the host, or with an image as a mount, is not isolated", () => {
    expect(isIsolated(container({}, { config: { Rootfs: "/" } }))).toBe(false);
    expect(isIsolated(container({}, { mountedImages: {} }))).toBe(false);
  });

  test("of a build step is isolated unless the step mounts something", () => {
    expect(isIsolated(container({}), { mounts: [] })).toBe(true);
    expect(isIsolated(container({}), { mounts: [{ type: "cache" }] })).toBe(false);
  });
});
