import { expect, test } from "bun:test";
import { createOfVersion } from "./create-of-version.ts";

const newest = {
  Image: "image",
  Healthcheck: { Test: ["CMD", "true"], StartInterval: 5_000_000_000 },
  HostConfig: {
    Annotations: { a: "b" },
    AutoRemove: true,
    Mounts: [{ Type: "bind" as const, Source: "/s", Target: "/t", BindOptions: { CreateMountpoint: true } }],
  },
};

test("a client of the newest version gets what it asks for", () => {
  expect(createOfVersion(newest, 51)).toEqual(newest);
});

test("fields that a client's version does not have are ignored", () => {
  expect(createOfVersion(newest, 43).Healthcheck).toEqual({ Test: ["CMD", "true"] });
  expect(createOfVersion(newest, 43).HostConfig?.Annotations).toEqual({ a: "b" });
  expect(createOfVersion(newest, 42).HostConfig).not.toHaveProperty("Annotations");
  expect(createOfVersion(newest, 41).HostConfig?.Mounts?.[0]?.BindOptions).toEqual({});
  expect(createOfVersion(newest, 24).HostConfig).not.toHaveProperty("AutoRemove");
});

test("other containers can join the IPC namespace that a client before 1.40 creates", () => {
  expect(createOfVersion(newest, 40).HostConfig?.IpcMode).toBeUndefined();
  expect(createOfVersion(newest, 39).HostConfig?.IpcMode).toBe("shareable");
  expect(createOfVersion({ Image: "image", HostConfig: { IpcMode: "none" } }, 39).HostConfig?.IpcMode).toBe(
    "none",
  );
});

test("a client before 1.44 cannot create a container on several networks", () => {
  const body = { Image: "image", Networks: { a: {}, b: {} } };
  expect(createOfVersion(body, 44)).toEqual(body);
  expect(() => createOfVersion(body, 43)).toThrow(
    "Container cannot be created with multiple network endpoints: a, b",
  );
});
