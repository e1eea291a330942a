import { expect, test } from "bun:test";
import { isPrivate } from "./addresses.ts";

test.each(["127.0.0.1", "127.1.2.3", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[fe80::1]"])(
  "%s is private",
  (host) => {
    expect(isPrivate(host)).toBe(true);
  },
);
