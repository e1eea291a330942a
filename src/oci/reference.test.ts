import { describe, expect, test } from "bun:test";
import { canonicalName, familiarName, parseReference, withDefaultTag } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("a reference", () => {
  test.each([
    ["debian", "docker.io/library/debian:latest", "debian:latest"],
    ["debian:12", "docker.io/library/debian:12", "debian:12"],
    ["a/b", "docker.io/a/b:latest", "a/b:latest"],
    ["docker.io/debian", "docker.io/library/debian:latest", "debian:latest"],
    ["index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"],
    ["localhost/x", "localhost/x:latest", "localhost/x:latest"],
    ["localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest"],
    ["quay.io/a/b/c:1.0_x-y", "quay.io/a/b/c:1.0_x-y", "quay.io/a/b/c:1.0_x-y"],
    ["[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"],
    [`debian@${digest}`, `docker.io/library/debian@${digest}`, `debian@${digest}`],
    [`debian:12@${digest}`, `docker.io/library/debian:12@${digest}`, `debian:12@${digest}`],
  ])("%s is %s", (text, canonical, familiar) => {
    const reference = withDefaultTag(parseReference(text));
    expect(canonicalName(reference)).toBe(canonical);
    expect(familiarName(reference)).toBe(familiar);
  });

  test.each([
    "",
    ":12",
    "-a",
    "a/",
    "/a",
    "a//b",
    "a:",
    "a:b:c",
    "a@sha256:abc",
    `a@md5:${"a".repeat(32)}`,
    "a..b",
    "a/../b",
    "a b",
    "é",
    `a:${"t".repeat(129)}`,
    "a".repeat(256),
    "a".repeat(64),
  ])("%p is refused", (text) => {
    expect(() => parseReference(text)).toThrow();
  });

  test("upper case in the name is refused with the reason", () => {
    expect(() => parseReference("Debian")).toThrow(
      "invalid reference format: repository name (library/Debian) must be lowercase",
    );
  });
});
