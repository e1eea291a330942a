import { expect, test } from "bun:test";
import type { ContainerVolume } from "../state/container-record.ts";
import { planVolumes } from "./plan-volumes.ts";

const volume = (name: string, target: string): ContainerVolume => ({
  name,
  target,
  readonly: false,
  fill: true,
  anonymous: false,
});

const find = () => ({
  volumes: [volume("theirs", "/data"), volume("more", "/more")],
  hostConfig: { Binds: ["/host:/bound:rw"] },
});

test("an image that declares more than a thousand volumes is refused", () => {
  const anonymous = Array.from({ length: 1001 }, (_, index) => `/v${index}`);
  expect(() => planVolumes({ host: {}, anonymous, find })).toThrow("a container has at most 1000");
  expect(planVolumes({ host: {}, anonymous: anonymous.slice(1), find }).volumes.length).toBe(1000);
});

test("-v and --mount name volumes, and bind mounts name none", () => {
  const host = {
    Binds: ["cache:/cache:ro,nocopy", "/host:/host"],
    Mounts: [{ Type: "volume" as const, Source: "data", Target: "/data" }],
  };
  expect(planVolumes({ host, anonymous: [], find })).toEqual({
    volumes: [{ ...volume("cache", "/cache"), readonly: true, fill: false }, volume("data", "/data")],
    binds: [],
    warnings: [],
  });
});

test("--volumes-from takes over volumes and bind mounts, read-only if asked", () => {
  expect(planVolumes({ host: { VolumesFrom: ["web:ro"] }, anonymous: [], find })).toEqual({
    volumes: [
      { ...volume("theirs", "/data"), readonly: true, fill: false },
      { ...volume("more", "/more"), readonly: true, fill: false },
    ],
    binds: ["/host:/bound:ro"],
    warnings: [],
  });
});

test("a target of the request hides the same target of --volumes-from and of the image", () => {
  const host = { Binds: ["own:/data/"], VolumesFrom: ["web"] };
  const { volumes } = planVolumes({ host, anonymous: ["/data", "/more/", "/new"], find });
  expect(volumes.map(({ name, target }) => [name, target])).toEqual([
    ["own", "/data/"],
    ["more", "/more"],
    ["", "/new"],
  ]);
});

test("an unknown option of -v is refused", () => {
  expect(() => planVolumes({ host: { Binds: ["data:/data:fast"] }, anonymous: [], find })).toThrow(
    "invalid mode: fast",
  );
});

test("a volume of the image does not cover the kernel's files, and one of the request is planned", () => {
  const anonymous = ["/sys/fs/cgroup", "/proc/../proc/", "/system", "/data"];
  const { volumes, warnings } = planVolumes({ host: { Binds: ["cache:/sys/x"] }, anonymous, find });
  expect(volumes.map(({ target }) => target)).toEqual(["/sys/x", "/system", "/data"]);
  expect(warnings).toEqual(
    ["/sys/fs/cgroup", "/proc/../proc/"].map(
      (target) => `volume ${target} has no effect: the kernel's files stay visible there`,
    ),
  );
});

test("a volume of the image without a leading slash is below the root, as in Docker", () => {
  const { volumes } = planVolumes({ host: {}, anonymous: ["data", "/a/../b", "/data/"], find });
  expect(volumes.map(({ target }) => target)).toEqual(["/data", "/b"]);
});

test("a bind without a path is refused", () => {
  expect(() => planVolumes({ host: { Binds: [""] }, anonymous: [], find })).toThrow(
    "invalid volume specification",
  );
});
