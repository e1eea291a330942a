import { expect, test } from "bun:test";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { defaultAddresses } from "./endpoints.ts";

const mac = "02:00:00:00:00:01";

test("a container that has not started has the requested MAC address on the default network only", () => {
  const created = (networks: ContainerRecord["networks"]) =>
    defaultAddresses({ hostConfig: {}, networks } as ContainerRecord);
  expect(created({ bridge: { mac } })).toMatchObject({ MacAddress: mac, IPAddress: "" });
  expect(created({ other: { mac } }).MacAddress).toBe("");
});
