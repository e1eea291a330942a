import { expect, test } from "bun:test";
import { shapeMountPoints } from "./mount-points.ts";

const volume = { name: "v", target: "/v", readonly: false, fill: true, anonymous: false };
const modeOf = (hostConfig: Parameters<typeof shapeMountPoints>[0]["hostConfig"]) =>
  shapeMountPoints({ hostConfig, volumes: [volume] }, "/data")[0]?.Mode;

test.each([
  ["v:/v", "z"],
  ["v:/v:ro", "ro"],
  ["v:/v:ro,nocopy", "ro,nocopy"],
])("the mode of the volume %s is %s", (bind, mode) => {
  expect(modeOf({ Binds: [bind] })).toBe(mode);
});

test("a volume of --mount has Docker's default mode, an anonymous one none", () => {
  expect(modeOf({ Mounts: [{ Type: "volume", Source: "v", Target: "/v" }] })).toBe("z");
  expect(modeOf({})).toBe("");
});
