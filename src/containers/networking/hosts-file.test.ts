import { expect, test } from "bun:test";
import { hostsFile } from "./hosts-file.ts";

const file = (...ExtraHosts: string[]) =>
  hostsFile(
    { config: {}, hostConfig: { NetworkMode: "none", ExtraHosts } },
    { hostname: "web", namespace: undefined, gateway: "10.0.0.1" },
  );

test.each([
  ["db:10.1.2.3", "10.1.2.3\tdb"],
  ["db=fd00::1", "fd00::1\tdb"],
  ["db:[fd00::1]", "fd00::1\tdb"],
  ["host:host-gateway", "10.0.0.1\thost"],
])("an extra host %s is a line", (entry, line) => {
  expect(file(entry).split("\n")).toContain(line);
});

test.each(["db:1.2.3", "db:999.1.1.1", "db:abc", "db:", "db", ":1.2.3.4"])(
  "an extra host %s is refused",
  (entry) => {
    expect(() => file(entry)).toThrow("add-host");
  },
);
