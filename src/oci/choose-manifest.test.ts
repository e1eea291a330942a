import { describe, expect, test } from "bun:test";
import { findManifest } from "./choose-manifest.ts";
import { digestOf } from "./digest.ts";
import { parsePlatform } from "./platform.ts";

const mediaType = "application/vnd.oci.image.manifest.v1+json";

/** Which of the platforms (`-` for an entry without one) is taken; nothing when none is. */
function chosen(wanted: string, ...offered: string[]): string | undefined {
  const manifests = offered.map((text) => {
    const [os = "", architecture = "", variant] = text.split("/");
    const platform = text === "-" ? undefined : { os, architecture, ...(variant ? { variant } : {}) };
    return { mediaType, digest: digestOf(text), size: 1, platform, annotations: undefined };
  });
  const found = findManifest({ schemaVersion: 2, manifests }, parsePlatform(wanted));
  return offered.find((text) => digestOf(text) === found?.digest);
}

describe("of an index", () => {
  test.each([
    ["the one that fits", "linux/arm64", ["linux/amd64", "linux/arm64"], "linux/arm64"],
    ["the first among equals", "linux/amd64", ["linux/amd64", "linux/amd64/v1"], "linux/amd64"],
    ["the same under another name", "linux/aarch64", ["linux/arm64/v8"], "linux/arm64/v8"],
    ["the very variant", "linux/arm/v6", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm/v6"],
    ["the nearest older variant", "linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"],
    ["one without a variant, if need be", "linux/arm/v6", ["linux/arm"], "linux/arm"],
    ["v7 where arm alone is asked for", "linux/arm", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"],
    [
      "a variant of the processor, before none",
      "linux/amd64/v3",
      ["linux/amd64", "linux/amd64/v2"],
      "linux/amd64/v2",
    ],
    ["no attestation", "linux/amd64", ["unknown/unknown", "linux/", "linux/amd64"], "linux/amd64"],
    ["the only one, where it does not say", "linux/amd64", ["-"], "-"],
  ])("%s is taken", (_, wanted, offered, expected) => {
    expect(chosen(wanted, ...offered)).toBe(expected);
  });

  test.each([
    ["newer variants", "linux/arm/v6", ["linux/arm/v7"]],
    ["newer processors", "linux/amd64", ["linux/amd64/v2"]],
    ["another system", "linux/amd64", ["windows/amd64"]],
    ["attestations only", "linux/amd64", ["unknown/unknown", "unknown/unknown"]],
    ["several that do not say", "linux/amd64", ["-", "-"]],
    ["nothing", "linux/amd64", []],
  ])("with %s none is", (_, wanted, offered) => {
    expect(chosen(wanted, ...offered)).toBeUndefined();
  });

  test.each(["linux/amd64/v1/x", "linux/", "", "linux amd64"])("%p is no platform", (text) => {
    expect(() => parsePlatform(text)).toThrow("invalid platform");
  });
});
