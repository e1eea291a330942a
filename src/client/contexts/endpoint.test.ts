import { expect, test } from "bun:test";
import { parseEndpoint } from "./endpoint.ts";

test.each([
  ["unix:///run/docker.sock", { kind: "unix", path: "/run/docker.sock" }],
  ["/run/docker.sock", { kind: "unix", path: "/run/docker.sock" }],
  ["tcp://build", { kind: "tcp", host: "build", port: 2375 }],
  ["tcp://build:1234", { kind: "tcp", host: "build", port: 1234 }],
  ["build:1234", { kind: "tcp", host: "build", port: 1234 }],
  ["tcp://[::1]:99/", { kind: "tcp", host: "::1", port: 99 }],
  ["tcp://:5000", { kind: "tcp", host: "127.0.0.1", port: 5000 }],
  ["ssh://me@build:22", { kind: "ssh", destination: "me@build", port: 22 }],
  ["ssh://build", { kind: "ssh", destination: "build" }],
])("%s is the address %j", (text, endpoint) => {
  expect<object>(parseEndpoint(text)).toEqual(endpoint);
});

test("with TLS the default port is 2376", () => {
  expect(parseEndpoint("tcp://build", { skipVerify: true })).toMatchObject({ port: 2376 });
});

test.each([
  ["npipe:////./pipe/docker", "use unix://PATH"],
  ["unix://relative", "must be absolute"],
  ["ssh://me:secret@build", "a password in the address is not supported"],
  ["ssh://-oProxyCommand=x", "invalid address"],
  ["ssh://build/run/docker.sock", "a path is not supported"],
  ["tcp://a/b", "use tcp://HOST:PORT"],
])("%s is refused", (text, reason) => {
  expect(() => parseEndpoint(text)).toThrow(reason);
});
