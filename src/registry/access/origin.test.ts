import { describe, expect, test } from "bun:test";
import { resolveLocation } from "../connection/exchange.ts";
import { isPrivate, sameDomain } from "./origin.ts";

describe("a token server is of a registry's own domain", () => {
  test.each([
    ["registry-1.docker.io", "auth.docker.io"],
    ["registry.gitlab.com", "gitlab.com"],
    ["registry.example.co.uk", "auth.example.co.uk"],
    ["ghcr.io", "ghcr.io"],
    ["registry", "registry"],
  ])("%s: %s", (registry, server) => {
    expect(sameDomain(registry, server)).toBe(true);
  });
});

describe("a token server is of somebody else's", () => {
  test.each([
    ["registry.docker.io", "auth.docker.io.example"],
    ["docker.io", "notdocker.io"],
    ["registry.example.co.uk", "auth.other.co.uk"],
    ["registry.example.co.uk", "co.uk"],
    ["10.0.0.1", "11.0.0.1"],
    ["[::1]", "[::2]"],
    ["registry", "other"],
    ["com", "example.com"],
  ])("%s: %s", (registry, server) => {
    expect(sameDomain(registry, server)).toBe(false);
  });
});

describe("a Location", () => {
  const from = new URL("https://registry.test/v2/x/blobs/1");
  test.each([
    ["/other", "https://registry.test/other"],
    ["https://storage.test/a?b=c%2Fd", "https://storage.test/a?b=c%2Fd"],
    ["https://me:secret@storage.test/", "https://storage.test/"],
    ["//storage.test/x", "https://storage.test/x"],
  ])("%s is followed", (location, target) => {
    expect(resolveLocation(from, location).href).toBe(target);
  });

  test.each(["http://registry.test/other", "file:///etc/passwd", "unix:/run/x", "data:,x", "http://[::1"])(
    "%s is refused",
    (location) => {
      expect(() => resolveLocation(from, location)).toThrow("redirect");
    },
  );
});

test.each(["127.0.0.1", "127.1.2.3", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[fe80::1]"])(
  "%s means something else on every machine",
  (host) => {
    expect(isPrivate(host)).toBe(true);
  },
);
