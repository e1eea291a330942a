import { describe, expect, test } from "bun:test";
import { resolveLocation } from "./exchange.ts";

describe("a Location header", () => {
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

  test.each([
    "127.0.0.1:1",
    "[::1]",
    "localhost",
    "169.254.169.254",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
    "0x7f.1",
  ])("to https://%s is refused, except from this machine", (host) => {
    const location = `https://${host}/latest/meta-data`;
    expect(() => resolveLocation(from, location)).toThrow("address of this machine");
    const local = new URL("http://127.0.0.1:5000/v2/x/blobs/1");
    expect(resolveLocation(local, location).protocol).toBe("https:");
  });
});
