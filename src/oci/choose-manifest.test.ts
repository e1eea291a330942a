import { describe, expect, test } from "bun:test";
import { findManifest } from "./choose-manifest.ts";
import { digestOf } from "./digest.ts";
import { parsePlatform } from "./platform.ts";

const mediaType = "application/vnd.oci.image.manifest.v1+json";

/** Returns the chosen platform, or undefined. `-` is an entry without a platform. */
function chosen(wanted: string, ...offered: string[]): string | undefined {
  const manifests = offered.map((text) => {
    const [os = "", architecture = "", variant] = text.split("/");
    const platform = text === "-" ? undefined : { os, architecture, ...(variant ? { variant } : {}) };
    return { mediaType, digest: digestOf(text), size: 1, platform, annotations: undefined };
  });
  const found = findManifest({ schemaVersion: 2, manifests }, parsePlatform(wanted));
  return offered.find((text) => digestOf(text) === found?.digest);
}

describe("choosing a manifest from an index", () => {
  test.each([
    ["the matching platform", "linux/arm64", ["linux/amd64", "linux/arm64"], "linux/arm64"],
    ["the first of equal platforms", "linux/amd64", ["linux/amd64", "linux/amd64/v1"], "linux/amd64"],
    ["an alias of the architecture", "linux/aarch64", ["linux/arm64/v8"], "linux/arm64/v8"],
    ["the same variant", "linux/arm/v6", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm/v6"],
    ["the nearest older variant", "linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"],
    ["an entry without a variant as the last choice", "linux/arm/v6", ["linux/arm"], "linux/arm"],
    ["v7 for plain arm", "linux/arm", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"],
    [
      "an older variant before an entry without one",
      "linux/amd64/v3",
      ["linux/amd64", "linux/amd64/v2"],
      "linux/amd64/v2",
    ],
    [
      "an image, and no attestation,",
      "linux/amd64",
      ["unknown/unknown", "linux/", "linux/amd64"],
      "linux/amd64",
    ],
    ["a single entry without a platform", "linux/amd64", ["-"], "-"],
  ])("%s is chosen", (_, wanted, offered, expected) => {
    expect(chosen(wanted, ...offered)).toBe(expected);
  });

  test.each([
    ["newer variants", "linux/arm/v6", ["linux/arm/v7"]],
    ["newer processors", "linux/amd64", ["linux/amd64/v2"]],
    ["another OS", "linux/amd64", ["windows/amd64"]],
    ["attestations only", "linux/amd64", ["unknown/unknown", "unknown/unknown"]],
    ["several entries without a platform", "linux/amd64", ["-", "-"]],
    ["an empty index", "linux/amd64", []],
  ])("no entry is chosen for %s", (_, wanted, offered) => {
    expect(chosen(wanted, ...offered)).toBeUndefined();
  });

  test.each(["linux/amd64/v1/x", "linux/", "", "linux amd64"])("%p is no platform", (text) => {
    expect(() => parsePlatform(text)).toThrow("invalid platform");
  });
});
