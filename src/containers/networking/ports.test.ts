import { expect, test } from "bun:test";
import { exposedPorts, planPorts } from "./ports.ts";

test("port bindings become port requests", () => {
  const bindings = {
    "80/tcp": [{ HostPort: "8080" }, { HostIp: "127.0.0.1", HostPort: "" }],
    "53/udp": [{ HostIp: "::1", HostPort: "5300-5310" }],
    "90-91": [{}],
  };
  expect(planPorts({}, { PortBindings: bindings })).toEqual([
    { protocol: "tcp", addresses: [], first: 8080, last: 8080, containerPort: 80 },
    { protocol: "tcp", addresses: ["127.0.0.1"], first: 0, last: 0, containerPort: 80 },
    { protocol: "udp", addresses: ["::1"], first: 5300, last: 5310, containerPort: 53 },
    { protocol: "tcp", addresses: [], first: 0, last: 0, containerPort: 90 },
    { protocol: "tcp", addresses: [], first: 0, last: 0, containerPort: 91 },
  ]);
});

test("PublishAllPorts publishes exposed ports without a binding on any host port", () => {
  const config = { ExposedPorts: { "80/tcp": {}, "443/tcp": {}, "80/udp": {} } };
  expect(planPorts(config, {})).toEqual([]);
  const host = { PublishAllPorts: true, PortBindings: { "443/tcp": [{ HostPort: "8443" }] } };
  expect(
    planPorts(config, host).map(({ protocol, first, containerPort }) => [protocol, first, containerPort]),
  ).toEqual([
    ["tcp", 8443, 443],
    ["tcp", 0, 80],
    ["udp", 0, 80],
  ]);
});

test("thousands of overlapping ranges expose each port once", () => {
  const ranges = Array.from({ length: 5000 }, (_, index) => [`${index + 1}-65535/tcp`, {}]);
  const ports = exposedPorts({ ...Object.fromEntries(ranges), "2-3/udp": {}, "3/udp": {}, "9/other": {} });
  expect(ports.length).toBe(65_535 + 2);
  expect(ports.at(-1)).toEqual({ number: 3, protocol: "udp" });
});

test.each([
  [{ "0/tcp": [{}] }, "invalid port"],
  [{ "70000/tcp": [{}] }, "invalid port"],
  [{ "80/tcp": [{ HostPort: "x" }] }, "invalid port"],
  [{ "80/tcp": [{ HostPort: "9-8" }] }, "invalid port"],
  [{ "80/tcp": [{ HostIp: "localhost" }] }, "invalid HostIp"],
  [{ "80/sctp": [{}] }, "publishing sctp ports is not supported: only TCP and UDP"],
])("%j is refused: %s", (PortBindings, message) => {
  expect(() => planPorts({}, { PortBindings })).toThrow(message);
});
