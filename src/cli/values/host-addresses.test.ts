import { expect, test } from "bun:test";
import { parseExtraHost, parseIpAddress } from "./host-addresses.ts";

test.each([
  ["a:10.0.0.1", "a:10.0.0.1"],
  ["a=10.0.0.1", "a:10.0.0.1"],
  ["a:host-gateway", "a:host-gateway"],
  ["a:::1", "a:::1"],
  ["a=[::1]", "a:::1"],
])("%s", (text, host) => expect(parseExtraHost(text)).toBe(host));

test.each(["a", "a:", "a:1.2.3", ":1.2.3.4"])("refuses %s", (text) => {
  expect(() => parseExtraHost(text)).toThrow("add-host");
});

test.each(["1.2.3.4", "::", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2::"])(
  "%s is an address",
  (text) => expect(parseIpAddress(text)).toBe(text),
);

test.each([
  "",
  "foo",
  "1.2.3",
  "1.2.3.256",
  "01.2.3.4",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "12345::",
  "::1.2.3",
])("'%s' is not an address", (text) =>
  expect(() => parseIpAddress(text)).toThrow("IP address is not correctly formatted"),
);
