import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { digestOf } from "#oci/digest.ts";
import { invalidArgument } from "#support/errors.ts";
import { version } from "#support/version.ts";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

let api: FakeApi;
let id: string;
beforeAll(async () => {
  api = await openFakeApi();
  const body = {
    Image: "image",
    Cmd: ["sh", "-c", "echo hi"],
    Labels: { a: "b" },
    HostConfig: { Binds: ["/a:/b:ro,rslave"], NetworkMode: "none" },
  };
  await api.request("POST", "/containers/create?name=web", { json: body });
  id = api.engine.containers.queries.get("web").id;
});
afterAll(() => api[Symbol.asyncDispose]());

async function get(path: string) {
  const response = await api.request("GET", path);
  expect(response.status).toBe(200);
  return response.json();
}

describe("a container", () => {
  test("is listed with the fields of docker ps", async () => {
    expect(await get("/containers/json?all=1&limit=3&size=1")).toEqual([
      {
        Id: id,
        Names: ["/web"],
        Image: "image",
        ImageID: "",
        Command: "sh -c 'echo hi'",
        Created: 1767323045,
        Ports: [],
        SizeRw: 4096,
        SizeRootFs: 4096,
        Labels: { a: "b" },
        State: "created",
        Status: "Created",
        HostConfig: { NetworkMode: "none" },
        NetworkSettings: { Networks: { none: expect.objectContaining({ IPAddress: "" }) } },
        Mounts: [
          {
            Type: "bind",
            Source: "/a",
            Destination: "/b",
            Mode: "ro,rslave",
            RW: false,
            Propagation: "rslave",
          },
        ],
      },
    ]);
  });

  test.each([
    ['{"label":{"a=b":true},"status":{"exited":true}}', '[["label",["a=b"]],["status",["exited"]]]'],
    ['{"label":["a=b"]}', '[["label",["a=b"]]]'],
  ])("is found by the filters %s", async (filters, wanted) => {
    await get(`/containers/json?filters=${encodeURIComponent(filters)}`);
    expect(api.engine.calls.at(-1)).toBe(`list {"all":false,"filters":${wanted}}`);
  });

  test.each([
    ["1", true],
    ["true", true],
    ["True", true],
    ["yes", true],
    ["", false],
    ["0", false],
    ["False", false],
    ["none", false],
    ["No", false],
  ])("is listed when it does not run if all=%s: %p", async (text, all) => {
    await get(`/containers/json?all=${text}`);
    expect(api.engine.calls.at(-1)).toBe(`list {"all":${all},"filters":[]}`);
  });

  test("is inspected in full, with the phases of its start", async () => {
    const container = await get("/v1.51/containers/web/json");
    expect(container).toMatchObject({
      Id: id,
      Name: "/web",
      Path: "sh",
      Args: ["-c", "echo hi"],
      Created: "2026-01-02T03:04:05.000000006Z",
      State: { Status: "created", Running: false, ExitCode: 0, StartedAt: "0001-01-01T00:00:00Z" },
      Config: { Image: "image", Labels: { a: "b" }, Tty: false, OpenStdin: false, Entrypoint: null },
      HostConfig: { NetworkMode: "none", RestartPolicy: { Name: "no" }, LogConfig: { Type: "json-file" } },
      HostsPath: `/data/containers/${id}/hosts`,
      LogPath: "",
      NetworkSettings: { Ports: {}, Networks: { none: {} } },
      Tbox: { Phases: [{ Name: "mounts", Microseconds: 5 }] },
    });
    expect(container).not.toHaveProperty("SizeRw");
    expect(await get("/containers/web/json?size=1")).toMatchObject({ SizeRw: 4096, SizeRootFs: 4096 });
  });

  test("answers 304 when it is already in the requested state", async () => {
    const response = await api.request("POST", "/containers/web/stop?t=1");
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 304, body: "" });
  });

  test("accepts signals and terminal sizes", async () => {
    api.engine.programs.sh = () => new Promise(() => {});
    expect((await api.request("POST", "/containers/web/start")).status).toBe(204);
    expect((await api.request("POST", "/containers/web/kill?signal=WINCH")).status).toBe(204);
    expect(api.engine.calls.at(-1)).toBe("kill WINCH");
    expect((await api.request("POST", "/containers/web/resize?h=24&w=80")).status).toBe(200);
    expect(api.engine.calls.at(-1)).toBe("resize 80x24");
    expect((await api.request("POST", "/containers/web/resize?h=x&w=80")).status).toBe(400);
  });

  test("refuses a start with a body", async () => {
    const response = await api.request("POST", "/containers/web/start", { json: { Memory: 1 } });
    expect(response.status).toBe(400);
  });
});

describe("images", () => {
  test("are listed and inspected", async () => {
    expect(await get("/images/json")).toMatchObject([
      {
        Id: expect.stringMatching(/^sha256:/),
        ParentId: "",
        RepoTags: ["image:latest"],
        RepoDigests: [],
        Created: 1_700_000_000,
        Size: 1000,
        SharedSize: -1,
        Labels: null,
        Containers: 2,
      },
    ]);
    expect(await get("/images/json?shared-size=1")).toMatchObject([{ SharedSize: 1, Containers: 2 }]);
    expect(await get("/images/image/json")).toMatchObject({
      Os: "linux",
      Architecture: "amd64",
      Created: "2023-11-14T22:13:20.000Z",
      RootFS: { Type: "layers", Layers: [] },
      Config: { Cmd: null },
    });
  });

  test("have the fields of older versions of the API", async () => {
    expect(await get("/images/json")).toEqual([expect.not.objectContaining({ VirtualSize: 1000 })]);
    expect(await get("/v1.50/images/json")).toMatchObject([{ Containers: -1 }]);
    expect(await get("/v1.43/images/json")).toMatchObject([{ Containers: -1, VirtualSize: 1000 }]);
    const current = await get("/v1.50/images/image/json");
    for (const name of ["VirtualSize", "ContainerConfig", "Config.Hostname"])
      expect(current).not.toHaveProperty(name);
    expect(await get("/v1.49/images/image/json")).toMatchObject({ Config: { Hostname: "", Tty: false } });
    expect(await get("/v1.44/images/image/json")).toMatchObject({
      ContainerConfig: { Cmd: null, Env: null },
    });
    expect(await get("/v1.43/images/image/json")).toMatchObject({ VirtualSize: 1000 });
  });

  test("report the removed tags and layers", async () => {
    api.engine.present.add("a/b:1");
    const response = await api.request("DELETE", "/images/a/b:1?force=1");
    expect(await response.json()).toEqual([{ Untagged: "a/b:1" }, { Deleted: expect.any(String) }]);
  });
});

describe("a pull", () => {
  const pull = (query: string, headers = {}) => api.request("POST", `/images/create?${query}`, { headers });

  test("reports progress in lines with Docker's wording and bars", async () => {
    api.engine.pulls["busybox:1"] = async function* () {
      yield { status: "Pulling from library/busybox", id: "1" };
      yield { status: "Downloading", id: "abc", current: 512, total: 1024 };
      yield { status: "Status: Downloaded newer image for busybox:1" };
    };
    const response = await pull("fromImage=docker.io%2Flibrary%2Fbusybox&tag=1");
    expect(response.headers.get("Content-Type")).toBe("application/json");
    const lines = (await response.text()).trim().split("\r\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { status: "Pulling from library/busybox", id: "1", progressDetail: {} },
      {
        status: "Downloading",
        id: "abc",
        progressDetail: { current: 512, total: 1024 },
        progress: `[${"=".repeat(25)}>${" ".repeat(24)}]  512B/1.024kB`,
      },
      { status: "Status: Downloaded newer image for busybox:1" },
    ]);
  });

  test("reports an early error as a status and a late error as the last line", async () => {
    expect((await pull("fromImage=gone&tag=1")).status).toBe(404);
    api.engine.pulls["broken:1"] = async function* () {
      yield { status: "Pulling" };
      throw new Error("no space left on device");
    };
    const response = await pull("fromImage=broken&tag=1");
    expect(response.status).toBe(200);
    expect((await response.text()).split("\r\n")[1]).toBe(
      '{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}',
    );
  });

  test("is cancelled when its client disconnects", async () => {
    const cancelled = Promise.withResolvers<void>();
    api.engine.pulls["slow:1"] = async function* (signal) {
      signal.addEventListener("abort", () => cancelled.resolve());
      yield { status: "Pulling" };
      await cancelled.promise;
    };
    const client = new AbortController();
    const response = await api.request("POST", "/images/create?fromImage=slow&tag=1", {
      signal: client.signal,
    });
    await response.body?.getReader().read();
    client.abort();
    await cancelled.promise;
  });

  test("accepts a digest as tag", async () => {
    await pull(`fromImage=a/b&tag=sha256:${"0".repeat(64)}`);
    expect(api.engine.calls.at(-1)).toContain(`a/b@sha256:${"0".repeat(64)}`);
  });

  test.each([btoa("{"), btoa('{"auth":"x"}'), btoa('{"username":1}'), "?"])(
    "goes on without the malformed credentials %s",
    async (header) => {
      await pull("fromImage=a&tag=1", { "X-Registry-Auth": header });
      expect(api.engine.calls.at(-1)).toContain("a:1");
    },
  );
});

test("archives of any length are imported and loaded", async () => {
  const archive = () => new Blob([new Uint8Array(20_000_000)]).stream();
  const headers = { "Content-Type": "application/x-tar" };
  const path =
    "/images/create?fromSrc=-&repo=foo&tag=1&message=a,b&changes=CMD+[%22a%22,%22b%22]&changes=ENV+A=1";
  const imported = await api.request("POST", path, { body: archive(), headers });
  expect(await imported.text()).toMatch(/^{"status":"sha256:a+"}\r\n$/);
  expect(api.engine.calls.at(-1)).toBe('import 20000000 CMD ["a","b"]|ENV A=1 a,b');
  await api.request("DELETE", "/images/foo:1");
  const loaded = await api.request("POST", "/images/load?quiet=1", { body: archive(), headers });
  expect(await loaded.json()).toEqual({ stream: "Loaded image: loaded:20000000\n" });
});

test("info, version, disk usage and doctor describe the machine", async () => {
  expect(await get("/version")).toMatchObject({
    Version: expect.stringMatching(/^28\./),
    Components: [
      { Name: "Engine", Version: expect.stringMatching(/^28\./) },
      { Name: "tbox", Version: version },
      {},
    ],
    ApiVersion: "1.51",
    MinAPIVersion: "1.24",
    Os: "linux",
  });
  expect(await get("/info")).toMatchObject({
    Containers: expect.any(Number),
    Images: 1,
    OSType: "linux",
    Name: "machine",
    NCPU: 2,
    Swarm: { LocalNodeState: "inactive" },
    ServerVersion: expect.stringMatching(/^28\./),
    Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"] },
    RegistryConfig: {
      Mirrors: ["https://mirror.test/"],
      IndexConfigs: {
        "docker.io": { Name: "docker.io", Mirrors: ["https://mirror.test/"], Secure: true, Official: true },
        "plain.test:5000": { Name: "plain.test:5000", Mirrors: [], Secure: false, Official: false },
      },
    },
    Warnings: null,
  });
  expect(await get("/networks/bridge")).toMatchObject({
    Options: { "com.docker.network.bridge.name": "docker0", "com.docker.network.driver.mtu": "1500" },
  });
  expect(await get("/system/df")).toMatchObject({ LayersSize: 3, Images: [{ Containers: 2 }], Volumes: [] });
  expect(await get("/system/df?type=container&type=volume")).not.toHaveProperty("LayersSize");
  expect(await get("/v1.43/system/df")).toMatchObject({ Images: [{ VirtualSize: expect.any(Number) }] });
  expect(await get("/tbox/release")).toEqual({ latest: "0.2.0" });
  expect(await get("/tbox/doctor")).toEqual({ checks: [{ name: "kernel", status: "ok", detail: "6.1" }] });
});

test("load reports an unreadable archive in its stream", async () => {
  const { images } = api.engine;
  const { load } = images;
  images.load = async function* () {
    await Promise.reject(invalidArgument("the archive is none"));
    yield { loaded: "", id: digestOf("") };
  };
  const headers = { "Content-Type": "application/x-tar" };
  const answer = await api.request("POST", "/images/load", { body: new Uint8Array(3), headers });
  images.load = load;
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status: 200,
    body: { errorDetail: { message: "the archive is none" }, error: "the archive is none" },
  });
});
