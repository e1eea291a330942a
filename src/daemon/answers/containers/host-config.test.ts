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
    NetworkMode: "default",
    LogConfig: { Type: "json-file", Config: {} },
  });
});
