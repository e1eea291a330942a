import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CreateRequest } from "#containers/request/create-request.ts";
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

/** A body with every field of docker 28, all unset. */
const unset = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: ["true"],
  Image: "image",
  Volumes: {},
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
  HostConfig: {
    Binds: null,
    ContainerIDFile: "",
    LogConfig: { Type: "", Config: {} },
    NetworkMode: "default",
    PortBindings: {},
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    AutoRemove: false,
    VolumeDriver: "",
    VolumesFrom: null,
    ConsoleSize: [0, 0],
    CapAdd: null,
    CapDrop: null,
    CgroupnsMode: "",
    Dns: [],
    DnsOptions: [],
    DnsSearch: [],
    ExtraHosts: null,
    GroupAdd: null,
    IpcMode: "",
    Cgroup: "",
    Links: null,
    OomScoreAdj: 0,
    PidMode: "",
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: false,
    SecurityOpt: null,
    UTSMode: "",
    UsernsMode: "",
    ShmSize: 0,
    Isolation: "",
    CpuShares: 0,
    Memory: 0,
    NanoCpus: 0,
    CgroupParent: "",
    BlkioWeight: 0,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: "",
    CpusetMems: "",
    Devices: [],
    DeviceCgroupRules: null,
    DeviceRequests: null,
    MemoryReservation: 0,
    MemorySwap: 0,
    MemorySwappiness: -1,
    OomKillDisable: false,
    PidsLimit: 0,
    Ulimits: [],
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    MaskedPaths: null,
    ReadonlyPaths: null,
  },
  NetworkingConfig: {
    EndpointsConfig: {
      default: {
        IPAMConfig: null,
        Links: null,
        Aliases: null,
        MacAddress: "",
        GwPriority: 0,
        DNSNames: null,
      },
    },
  },
};

test("unset fields of docker's client are left out", async () => {
  expect((await create(unset, "/containers/create?name=plain")).status).toBe(201);
  expect(api.engine.created.at(-1)).toEqual({
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Cmd: ["true"],
    Image: "image",
    Volumes: {},
    Labels: {},
    HostConfig: {
      NetworkMode: "default",
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      LogConfig: { Config: {} },
      AutoRemove: false,
      Dns: [],
      DnsOptions: [],
      DnsSearch: [],
      PortBindings: {},
      Privileged: false,
      PublishAllPorts: false,
      ReadonlyRootfs: false,
      Devices: [],
      Ulimits: [],
    },
  });
});

test("honoured fields reach the engine unchanged", async () => {
  const asked: CreateRequest = {
    Image: "image",
    Entrypoint: [""],
    Env: ["A=1"],
    Labels: { "com.docker.compose.project": "p" },
    StopTimeout: 0,
    Hostname: "h",
    HostConfig: {
      Binds: ["/a:/b:ro"],
      Mounts: [
        { Type: "bind", Source: "/s", Target: "/t", ReadOnly: true, BindOptions: { Propagation: "rslave" } },
        { Type: "tmpfs", Target: "/m", TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 } },
      ],
      Tmpfs: { "/x": "size=1m" },
      Init: false,
      UsernsMode: "keep-id",
      MaskedPaths: [],
      Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
      ConsoleSize: [24, 80],
      ShmSize: 1024,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    },
  };
  expect((await create(asked)).status).toBe(201);
  expect(api.engine.created.at(-1)).toEqual(asked);
});

test("an absent number of a ulimit is 0, and a negative timeout of stop waits for ever, as in Docker", async () => {
  const asked = { Image: "image", StopTimeout: -2, HostConfig: { Ulimits: [{ Name: "core" }] } };
  expect((await create(asked)).status).toBe(201);
  expect(api.engine.created.at(-1)).toEqual({
    ...asked,
    HostConfig: { Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }] },
  });
});

test("a single word becomes a list, and a bare port becomes a TCP port", async () => {
  await create({ Image: "image", Cmd: "sh", ExposedPorts: { "8080": {}, "53/udp": {} } });
  expect(api.engine.created.at(-1)).toEqual({
    Image: "image",
    Cmd: ["sh"],
    ExposedPorts: { "8080/tcp": {}, "53/udp": {} },
  });
});

test("names of JavaScript's object properties are ordinary labels", async () => {
  const labels = '{"__proto__":"a","constructor":"b","toString":"c"}';
  const response = await api.request("POST", "/containers/create?name=proto", {
    body: `{"Image":"image","Labels":${labels},"HostConfig":{"Annotations":${labels}}}`,
    headers: { "Content-Type": "application/json" },
  });
  expect(response.status).toBe(201);
  const inspected = await (await api.request("GET", "/containers/proto/json")).text();
  expect(inspected).toContain(`"Labels":${labels}`);
  expect(inspected).toContain(`"Annotations":${labels}`);
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("a");
});

describe("create refuses unsupported fields by name", () => {
  const host = (HostConfig: object) => ({ Image: "image", HostConfig });
  test.each<[object, number, string]>([
    [
      host({ Links: ["a:b:c"] }),
      400,
      'HostConfig.Links.0: bad format for links: "a:b:c": it must be name or name:alias',
    ],
    [
      host({ DeviceRequests: [{ Count: -1, Capabilities: [["gpu"]] }] }),
      501,
      "HostConfig.DeviceRequests: not supported: name the device files in Devices (--device /dev/nvidia0)",
    ],
    [
      host({ StorageOpt: { size: "1G" } }),
      501,
      "HostConfig.StorageOpt: not supported: only root can limit how much a directory holds (project quotas)",
    ],
    [
      host({ Runtime: "kata" }),
      400,
      "HostConfig.Runtime: unknown or invalid runtime name: kata: there is only tbox",
    ],
    [host({ CpuPercent: 5 }), 501, "HostConfig.CpuPercent: not supported: it is for Windows"],
    [
      host({ Mounts: [{ Type: "cluster", Source: "v", Target: "/v" }] }),
      501,
      'HostConfig.Mounts.0.Type: mounts of type "cluster" are not supported',
    ],
    [
      host({ Mounts: [{ Type: "x", Target: "/v" }] }),
      400,
      'HostConfig.Mounts.0.Type: mount type unknown: "x"',
    ],
    [host({ Mounts: [{ Target: "/v" }] }), 400, 'HostConfig.Mounts.0.Type: mount type unknown: ""'],
    [{ Image: "image", Cmd: [null] }, 400, "Cmd: expected a list of texts"],
    [
      { Image: "image", Healthcheck: { Test: ["RUN"] } },
      400,
      "Healthcheck.Test: the first word must be NONE, CMD or CMD-SHELL",
    ],
    [
      host({ devicerequests: [{ Count: -1 }] }),
      501,
      "HostConfig.DeviceRequests: not supported: name the device files in Devices (--device /dev/nvidia0)",
    ],
    [
      {
        Image: "image",
        NetworkingConfig: {
          EndpointsConfig: { back: { DriverOpts: { "com.docker.network.endpoint.sysctls": "a=b" } } },
        },
      },
      501,
      "NetworkingConfig.EndpointsConfig.back.DriverOpts.com.docker.network.endpoint.sysctls: endpoint option com.docker.network.endpoint.sysctls is not supported",
    ],
    [
      { Image: "image", Healthcheck: { Interval: 1 } },
      400,
      "Healthcheck.Interval: Interval in Healthcheck cannot be less than 1ms",
    ],
    [
      { Image: "image", Healthcheck: { Retries: -1 } },
      400,
      "Healthcheck.Retries: Retries in Healthcheck cannot be negative",
    ],
    [host({ ShmSize: -1 }), 400, "HostConfig.ShmSize: SHM size can not be less than 0"],
    [{ Image: 5 }, 400, "Image: Invalid input: expected string, received number"],
    [{ Image: "image", Labels: { a: 1 } }, 400, "Labels.a: Invalid input: expected string, received number"],
    [{ Image: "image", ExposedPorts: { x: {} } }, 400, "ExposedPorts.x: invalid port"],
  ])("%j", async (body, status, message) => {
    expect(await create(body)).toEqual({ status, body: { message } });
  });

  test("create refuses a body that is not an object", async () => {
    expect((await create([])).body).toEqual({ message: "Invalid input: expected object, received array" });
    expect((await create(null)).status).toBe(400);
  });

  test("create accepts unsupported fields that request nothing", async () => {
    const body = {
      Surprise: null,
      Healthcheck: { Test: ["NONE"] },
      Image: "image",
      HostConfig: { Memory: -1 },
    };
    expect((await create(body)).status).toBe(201);
  });
});

describe("the query", () => {
  test("may repeat fields of the body, as some clients do", async () => {
    const path = "/containers/create?name=q&Image=image&Cmd=a&Cmd=b,c&HostConfig={%22Init%22:true}";
    expect(
      (await create({ Image: "image", Cmd: ["a", "b,c"], HostConfig: { Init: true } }, path)).status,
    ).toBe(201);
    expect(api.engine.created.at(-1)?.Cmd).toEqual(["a", "b,c"]);
  });

  test("may contain unknown parameters, with a warning", async () => {
    const { status, body } = await create({ Image: "image" }, "/containers/create?Memory=5");
    expect({ status, body }).toEqual({
      status: 201,
      body: created('unknown query parameter "Memory" is ignored'),
    });
    expect(api.engine.created.at(-1)).toEqual({ Image: "image" });
  });
});

describe("the body", () => {
  const post = (body: string | Uint8Array, type = "application/json") =>
    api.request("POST", "/containers/create", { body, headers: { "Content-Type": type } });

  test.each([
    ["", "config cannot be empty in order to create a container"],
    ["{", "invalid JSON"],
    ["[".repeat(100_000), "JSON is nested deeper than 64 levels"],
    [`{"Labels":${'{"a":'.repeat(70)}1${"}".repeat(70)}}`, "JSON is nested deeper than 64 levels"],
  ])("%.30s is refused", async (body, message) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });

  test("is refused with another content type", async () => {
    const response = await post('{"Image":"image"}', "text/plain");
    expect(await response.json()).toEqual({
      message: "unsupported Content-Type header (text/plain): must be 'application/json'",
    });
    expect((await post('{"Image":"image"}', "application/json; charset=utf-8")).status).toBe(201);
  });

  test("is refused over 16 MiB, with and without a length", async () => {
    const large = Buffer.alloc(17 * 1024 * 1024, " ");
    const message = "the body is larger than 16777216 bytes";
    const response = await post(large);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ message });
    const chunked = await api.request("POST", "/containers/create", {
      body: new Blob([large]).stream(),
      headers: { "Content-Type": "application/json" },
    });
    expect(await chunked.json()).toEqual({ message });
  });
});
