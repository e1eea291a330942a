import { expect, test } from "bun:test";
import { parseExpose, parsePublish, portBindings } from "./publish.ts";

test.each([
  ["80", { "80/tcp": [{}] }],
  ["8080:80", { "80/tcp": [{ HostPort: "8080" }] }],
  [":80", { "80/tcp": [{}] }],
  ["127.0.0.1::80", { "80/tcp": [{ HostIp: "127.0.0.1" }] }],
  ["127.0.0.1:8080:80/udp", { "80/udp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] }],
  ["[::1]:8080:80", { "80/tcp": [{ HostIp: "::1", HostPort: "8080" }] }],
  ["0:80", { "80/tcp": [{ HostPort: "0" }] }],
  ["8000-8010:80", { "80/tcp": [{ HostPort: "8000-8010" }] }],
  ["8000-8001:80-81/TCP", { "80/tcp": [{ HostPort: "8000" }], "81/tcp": [{ HostPort: "8001" }] }],
  ["80-81", { "80/tcp": [{}], "81/tcp": [{}] }],
])("%s", (text, expected) => {
  expect<unknown>(portBindings(parsePublish(text))).toEqual(expected);
});

test.each(["", "x", "80:", "1:2:3:4", "70000:80", "8000-8002:80-81", "90-80", "80/icmp", "nowhere:80:80"])(
  "%j is refused",
  (text) => {
    expect(() => parsePublish(text)).toThrow();
  },
);

test("one port can be published several times", () => {
  expect(portBindings(["1:80", "2:80"].flatMap(parsePublish))).toEqual({
    "80/tcp": [{ HostPort: "1" }, { HostPort: "2" }],
  });
});

test("a range exposes each of its ports", () => {
  expect(parseExpose("80-82/udp")).toEqual(["80/udp", "81/udp", "82/udp"]);
  expect(() => parseExpose("80:80")).toThrow("invalid port");
});
