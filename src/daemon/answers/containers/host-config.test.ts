import { expect, test } from "bun:test";
import { shapeHostConfig } from "./host-config.ts";

test("a restart policy has both fields", () => {
  expect(shapeHostConfig({ RestartPolicy: {} }, []).RestartPolicy).toEqual({
    Name: "no",
    MaximumRetryCount: 0,
  });
  expect(shapeHostConfig({ RestartPolicy: { Name: "always" } }, []).RestartPolicy).toEqual({
    Name: "always",
    MaximumRetryCount: 0,
  });
});

test("a port binding has both fields", () => {
  const PortBindings = { "80/tcp": [{ HostPort: "8080" }], "81/tcp": null };
  expect(shapeHostConfig({ PortBindings }, []).PortBindings).toEqual({
    "80/tcp": [{ HostIp: "", HostPort: "8080" }],
    "81/tcp": null,
  });
});

test("empty modes have their default", () => {
  expect(
    shapeHostConfig({ IpcMode: "", CgroupnsMode: "", NetworkMode: "", LogConfig: { Type: "" } }, []),
  ).toMatchObject({
    IpcMode: "private",
    CgroupnsMode: "private",
    NetworkMode: "bridge",
    LogConfig: { Type: "json-file", Config: {} },
  });
});

test("the default network has its name", () => {
  expect(shapeHostConfig({ NetworkMode: "default" }, []).NetworkMode).toBe("bridge");
});

test("lists that the request omits are null, and lists that it sends empty are empty", () => {
  expect(shapeHostConfig({}, [])).toMatchObject({
    Dns: null,
    Devices: null,
    Ulimits: null,
    PortBindings: null,
  });
  expect(shapeHostConfig({ Dns: [], Devices: [], PortBindings: {} }, [])).toMatchObject({
    Dns: [],
    Devices: [],
    PortBindings: {},
  });
});

test("empty maps of optional fields are left out", () => {
  const shaped = shapeHostConfig({ Annotations: {}, Mounts: [], Sysctls: {}, Tmpfs: {} }, []);
  for (const name of ["Annotations", "Mounts", "Sysctls", "Tmpfs"]) expect(shaped).not.toHaveProperty(name);
});

test("the masked paths of /proc and /sys are shown, and a privileged container has none", () => {
  expect(shapeHostConfig({}, []).MaskedPaths).toContain("/proc/kcore");
  expect(shapeHostConfig({}, []).ReadonlyPaths).toContain("/proc/sys");
  expect(shapeHostConfig({ Privileged: true }, [])).toMatchObject({ MaskedPaths: null, ReadonlyPaths: null });
  expect(shapeHostConfig({ MaskedPaths: [] }, []).MaskedPaths).toEqual([]);
});
