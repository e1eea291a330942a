import { expect, test } from "bun:test";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { defaultAddresses } from "./endpoints.ts";

const mac = "02:00:00:00:00:01";

test("a container that has not started shows the requested MAC address of the default network", () => {
  const shown = (networks: ContainerRecord["networks"], status: string) =>
    defaultAddresses({ hostConfig: {}, networks, state: { status } } as ContainerRecord);
  expect(shown({ bridge: { mac } }, "created")).toMatchObject({ MacAddress: mac, IPAddress: "" });
  expect(shown({ other: { mac } }, "created").MacAddress).toBe("");
  expect(shown({ bridge: { mac } }, "exited").MacAddress).toBe("");
});
