import { expect, test } from "bun:test";
import { type Address, formatAddress, parseAddress, parseSubnet } from "./address.ts";
import { openAllocator } from "./allocator.ts";

function at(text: string): Address {
  const address = parseAddress(text);
  if (!address) throw new Error(text);
  return address;
}

test("take returns a released address last", () => {
  const allocator = openAllocator({ subnet: parseSubnet("10.0.0.0/29"), gateway: at("10.0.0.1") });
  const taken = Array.from({ length: 5 }, () => formatAddress(allocator.take()));
  expect(taken).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
  expect(() => allocator.take()).toThrow("no free address in 10.0.0.0/29");
  allocator.release(at("10.0.0.4"));
  allocator.release(at("10.0.0.2"));
  expect(formatAddress(allocator.take())).toBe("10.0.0.2");
  expect(formatAddress(allocator.take())).toBe("10.0.0.4");
});

test("take never returns the first address of a subnet", () => {
  const allocator = openAllocator({ subnet: parseSubnet("fd00::/64"), gateway: at("fd00::1") });
  expect(formatAddress(allocator.take())).toBe("fd00::2");
});

test("reserve refuses addresses outside the subnet and addresses in use", () => {
  const options = { subnet: parseSubnet("10.0.0.0/24"), gateway: at("10.0.0.254") };
  const allocator = openAllocator({ ...options, range: parseSubnet("10.0.0.128/25") });
  expect(formatAddress(allocator.take())).toBe("10.0.0.128");
  allocator.reserve(at("10.0.0.7"));
  for (const [text, message] of [
    ["10.0.0.7", "already in use"],
    ["10.0.0.254", "already in use"],
    ["10.0.0.0", "no configured subnet"],
    ["10.0.0.255", "no configured subnet"],
    ["10.0.1.1", "no configured subnet"],
    ["fd00::1", "no configured subnet"],
  ] as const) {
    expect(() => allocator.reserve(at(text))).toThrow(message);
  }
  allocator.release(at("10.0.0.254"));
  expect(() => allocator.reserve(at("10.0.0.254"))).toThrow("already in use");
});
