import { expect, test } from "bun:test";
import {
  addressAt,
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
  sizeOf,
} from "./address.ts";

const again = (text: string) => {
  const address = parseAddress(text);
  return address && formatAddress(address);
};

test.each([
  ["172.17.0.2", "172.17.0.2"],
  ["::", "::"],
  ["::1", "::1"],
  ["fd00:0:0:1::5", "fd00:0:0:1::5"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["fe80::", "fe80::"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["::ffff:1.2.3.4", "::ffff:102:304"],
  ["10:0:0:20::1", "10:0:0:20::1"],
])("formatAddress shortens %s to %s", (text, expected) => {
  expect(again(text)).toBe(expected);
});

test.each(["", "1.2.3", "1.2.3.256", "fe80::1%eth0", "hello", "1::2::3"])(
  "parseAddress rejects %j",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test("parseSubnet clears the host bits", () => {
  const subnet = parseSubnet("172.17.3.9/16");
  expect(formatSubnet(subnet)).toBe("172.17.0.0/16");
  expect(sizeOf(subnet)).toBe(65_536n);
  expect(formatAddress(addressAt(subnet, 258n))).toBe("172.17.1.2");
  expect(contains(subnet, { family: 4, value: parseAddress("172.18.0.0")?.value ?? 0n })).toBe(false);
  expect(overlap(subnet, parseSubnet("172.16.0.0/12"))).toBe(true);
  expect(overlap(subnet, parseSubnet("172.18.0.0/16"))).toBe(false);
  expect(overlap(parseSubnet("0.0.0.0/0"), parseSubnet("::/0"))).toBe(false);
});

test.each(["172.17.0.0", "172.17.0.0/33", "x/8", "fd00::/129", "/8"])("parseSubnet rejects %j", (text) => {
  expect(() => parseSubnet(text)).toThrow("invalid subnet");
});
