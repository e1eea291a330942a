import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await openFakeApi();
});
afterAll(() => api[Symbol.asyncDispose]());

async function create(body: unknown, path = "/containers/create") {
  const response = await api.request("POST", path, { json: body });
  return { status: response.status, body: await response.json() };
}

const created = (...Warnings: string[]) => ({ Id: expect.any(String), Warnings });

describe("unknown fields", () => {
  test("are ignored with a warning, at every level", async () => {
    const { status, body } = await create({
      Image: "image",
      Dns: ["1.1.1.1"],
      HostConfig: { Surprise: [1], Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2, Odd: 3 }] },
      NetworkingConfig: { EndpointsConfig: { back: { Aliases: ["a"], Colour: "red" } } },
    });
    const names = ["Dns", "Surprise", "Odd", "Colour"];
    const warnings = names.map((name) => `unknown field "${name}" is ignored`);
    expect({ status, body }).toEqual({ status: 201, body: created(...warnings) });
    expect(api.engine.created.at(-1)).toEqual({
      Image: "image",
      HostConfig: { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }] },
      Networks: { back: { aliases: ["a"] } },
    });
  });

  test("of a network are ignored with a warning", async () => {
    const response = await api.request("POST", "/networks/create", {
      json: { Name: "unknown-fields", Surprise: 1, IPAM: { Odd: "x" } },
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({
      Warning: 'unknown field "Surprise" is ignored; unknown field "Odd" is ignored',
    });
  });

  test("of an update are ignored with a warning", async () => {
    await create({ Image: "image" }, "/containers/create?name=updated");
    const response = await api.request("POST", "/containers/updated/update", {
      json: { Surprise: 1, Binds: ["/a:/b"], RestartPolicy: { Name: "always" } },
    });
    expect(await response.json()).toEqual({
      Warnings: ['unknown field "Surprise" is ignored', 'unknown field "Binds" is ignored'],
    });
    const devices = await api.request("POST", "/containers/updated/update", {
      json: { Devices: [{ PathOnHost: "/dev/null" }] },
    });
    expect(await devices.json()).toEqual({ message: "Devices: cannot be changed" });
  });

  test("of requests whose answers have no warnings are ignored", async () => {
    const json = { Name: "unknown-fields", Mountpoint: "/x" };
    expect((await api.request("POST", "/volumes/create", { json })).status).toBe(201);
    const exec = { Cmd: ["a"], containerId: "x" };
    expect(await (await api.request("POST", "/containers/none/exec", { json: exec })).json()).toEqual({
      message: "No such container: none",
    });
  });
});

test("the addresses of an inspected endpoint are ignored, and its options are kept", async () => {
  const inspected = {
    IPAMConfig: { IPv4Address: "10.9.0.5" },
    Links: null,
    Aliases: ["web"],
    MacAddress: "02:42:ac:11:00:02",
    DriverOpts: { color: "red" },
    GwPriority: 0,
    NetworkID: "a".repeat(64),
    EndpointID: "b".repeat(64),
    Gateway: "10.9.0.1",
    IPAddress: "10.9.0.5",
    IPPrefixLen: 16,
    IPv6Gateway: "fd00::1",
    GlobalIPv6Address: "fd00::5",
    GlobalIPv6PrefixLen: 64,
    DNSNames: ["web"],
  };
  const NetworkingConfig = { EndpointsConfig: { back: inspected } };
  const { status, body } = await create({ Image: "image", NetworkingConfig });
  expect({ status, body }).toEqual({ status: 201, body: created() });
  expect(api.engine.created.at(-1)?.Networks).toEqual({
    back: { aliases: ["web"], ipv4: "10.9.0.5", mac: "02:42:ac:11:00:02", options: { color: "red" } },
  });
});

test("options that no network driver knows are kept and shown", async () => {
  const Options = { color: "red", "com.docker.network.bridge.name": "br-red" };
  const IPAM = { Driver: "default", Options: { pool: "blue" }, Config: [] };
  const answer = await api.request("POST", "/networks/create", { json: { Name: "red", Options, IPAM } });
  expect(answer.status).toBe(201);
  const shown = await (await api.request("GET", "/networks/red")).json();
  expect(shown).toMatchObject({ Options, IPAM: { Options: IPAM.Options } });
  const misspelt = { Name: "blue", Options: { "tbox.host-lopback": "true" } };
  expect((await api.request("POST", "/networks/create", { json: misspelt })).status).toBe(400);
});
