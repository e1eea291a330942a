import { expect, test } from "bun:test";
import { isSameDomain } from "./same-domain.ts";

test.each([
  ["registry-1.docker.io", "auth.docker.io"],
  ["registry.gitlab.com", "gitlab.com"],
  ["registry.example.co.uk", "auth.example.co.uk"],
  ["registry.team.github.io", "auth.team.github.io"],
  ["ghcr.io", "ghcr.io"],
  ["registry", "registry"],
])("%s and %s are in one domain", async (registry, server) => {
  expect(await isSameDomain(registry, server)).toBe(true);
});

test.each([
  ["registry.docker.io", "auth.docker.io.example"],
  ["docker.io", "notdocker.io"],
  ["registry.example.co.uk", "auth.other.co.uk"],
  ["registry.example.co.uk", "co.uk"],
  ["registry.example.com.pl", "auth.other.com.pl"],
  ["registry.example.nsw.edu.au", "auth.other.nsw.edu.au"],
  ["one.github.io", "two.github.io"],
  ["one.s3.amazonaws.com", "two.s3.amazonaws.com"],
  ["10.0.0.1", "11.0.0.1"],
  ["[::1]", "[::2]"],
  ["registry", "other"],
  ["com", "example.com"],
])("%s and %s are in different domains", async (registry, server) => {
  expect(await isSameDomain(registry, server)).toBe(false);
});
