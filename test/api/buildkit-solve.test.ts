import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { GrpcError, statusCode } from "#buildkit/grpc/grpc-error.ts";
import { unary } from "#buildkit/grpc/service.ts";
import { emptyMessage } from "#buildkit/protocol/common.ts";
import { DockerfileError } from "#builds/dockerfile/dockerfile-error.ts";
import { TboxError } from "#support/errors.ts";
import { serveSession, solve, statusOf } from "#test/support/buildkit-client.ts";
import { type BuildKitApi, built, failureOf, openBuildKitApi } from "./support/buildkit-api.ts";

let kit: BuildKitApi;
beforeEach(async () => {
  kit = await openBuildKitApi();
});
afterEach(() => kit[Symbol.asyncDispose]());

describe("a build", () => {
  test("gets the options of the client", async () => {
    await kit.open("s", []);
    const options = {
      target: "final",
      "build-arg:A": "1",
      "label:l": "v",
      "no-cache": "",
      "add-hosts": "a=1.2.3.4,b=::1",
      "shm-size": "1048576",
      ulimit: "nofile=10:20",
      "force-network-mode": "none",
      "image-resolve-mode": "pull",
    };
    await solve(kit.client, { ref: "r", session: "s", frontendAttributes: new Map(Object.entries(options)) });
    expect(kit.requests[0]).toMatchObject({
      target: "final",
      arguments: { A: "1" },
      labels: { l: "v" },
      noCache: true,
      extraHosts: ["a:1.2.3.4", "b:::1"],
      shmSize: 1048576,
      ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
      network: "none",
      pull: true,
      dockerfileText: "FROM scratch\n",
    });
  });

  test.each([
    ["attestations", { "attest:sbom": "true" }, "attest:sbom"],
    [
      "another front end",
      { "build-arg:BUILDKIT_SYNTAX": "", source: "example.com/front:1" },
      "example.com/front:1",
    ],
  ])("with %s is refused by name", async (_, options, text) => {
    await kit.open("s", []);
    const frontend = "source" in options ? "gateway.v0" : "dockerfile.v0";
    const frontendAttributes = new Map(Object.entries(options));
    const error = await failureOf(
      solve(kit.client, { ref: "r", session: "s", frontend, frontendAttributes }),
    );
    expect(error.code).toBe(statusCode.unimplemented);
    expect(error.message).toContain(text);
  });

  test("for several platforms builds each of them, with the context for it", async () => {
    await kit.open("s", []);
    const before = kit.requests.length;
    const frontendAttributes = new Map([
      ["platform", "linux/amd64,linux/arm64"],
      ["context:base", "docker-image://one"],
      ["context:base::linux/arm64", "docker-image://other"],
    ]);
    await solve(kit.client, { ref: "platforms", session: "s", frontendAttributes });
    const requests = kit.requests.slice(before);
    expect(requests.map(({ platform, contexts }) => [platform?.architecture, contexts.get("base")])).toEqual([
      ["amd64", { type: "image", name: "one" }],
      ["arm64", { type: "image", name: "other" }],
    ]);
  });

  test.each([
    ["a cache of an unknown type", { type: "s3" }, "cache-to: type s3 is not supported: use type=registry"],
    ["a cache of GitHub Actions without a token", { type: "gha" }, "cache-to: type gha: token is missing"],
    ["a cache without a name", { type: "registry" }, "cache-to: ref is missing"],
  ])("with %s is refused by name", async (_, entry, text) => {
    const cache = { exports: [{ ...entry, attributes: new Map() }] };
    const error = await failureOf(solve(kit.client, { ref: text, session: "s", cache }));
    expect(error.message).toContain(text);
  });

  test("reports its steps, their output and warnings to every reader", async () => {
    await kit.open("s", []);
    kit.run = async function* () {
      yield { type: "dockerfile", name: "Dockerfile", text: "FROM scratch as a\n" };
      yield { type: "warning", text: "R: careful", rule: "R", lines: { start: 1, end: 1 } };
      const step = { number: 1, total: 1, text: "RUN x", place: { number: 1, total: 1 } };
      yield { type: "started", step };
      yield { type: "output", number: 1, stream: "stdout", text: "hello" };
      yield { type: "finished", number: 1, cached: true, id: "", milliseconds: 1 };
      yield built;
    };
    const reading = [statusOf(kit.client, "r"), statusOf(kit.client, "r")];
    await solve(kit.client, { ref: "r", session: "s" });
    for (const status of await Promise.all(reading)) {
      const done = status.vertexes.find(({ name, completed }) => name === "[1/1] RUN x" && completed);
      expect(done?.cached).toBe(true);
      expect(status.logs.map(({ data }) => String(Buffer.from(data ?? [])))).toEqual(["hello"]);
      expect(status.warnings.map(({ short }) => String(Buffer.from(short ?? [])))).toEqual([
        "R: careful (line 1)",
      ]);
    }
  });

  test("that fails names the lines at fault", async () => {
    await kit.open("s", []);
    kit.run = async function* () {
      yield { type: "dockerfile", name: "Dockerfile", text: "FROM x\nRUN y\n" };
      throw new DockerfileError("it failed", { start: 2, end: 2 });
    };
    const error = await failureOf(solve(kit.client, { ref: "r", session: "s" }));
    expect(error.message).toBe("it failed");
    const [detail] = error.details;
    expect(detail?.typeUrl).toBe("github.com/moby/buildkit/errdefs.Source+json");
    expect(JSON.parse(String(Buffer.from(detail?.value ?? []))).ranges).toEqual([
      { start: { line: 2 }, end: { line: 2 } },
    ]);
  });

  test("ends when the client cancels the call", async () => {
    await kit.open("s", []);
    const ended = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    kit.run = async function* ({ signal: aborted }) {
      aborted.addEventListener("abort", () => ended.resolve());
      started.resolve();
      await ended.promise;
      throw aborted.reason;
    };
    const stop = new AbortController();
    const solving = failureOf(
      solve(kit.client, { ref: "r", session: "s" }, stop.signal).catch(() => {
        throw new GrpcError(statusCode.cancelled, "");
      }),
    );
    await started.promise;
    stop.abort();
    await ended.promise;
    await solving;
  });
});

test("a finding about the Dockerfile is shown once for all platforms, with its description", async () => {
  await kit.open("s", []);
  const text = "JSONArgsRecommended: use JSON";
  kit.run = async function* () {
    yield { type: "dockerfile", name: "Dockerfile", text: "FROM scratch\nCMD x\n" };
    yield { type: "warning", rule: "JSONArgsRecommended", text, lines: { start: 2, end: 2 } };
    yield built;
  };
  const shown = statusOf(kit.client, "r");
  const frontendAttributes = new Map([["platform", "linux/amd64,linux/arm64"]]);
  await solve(kit.client, { ref: "r", session: "s", frontendAttributes });
  expect(kit.requests).toHaveLength(2);
  const warnings = (await shown).warnings.map(({ short, detail, url }) => ({
    short: Buffer.from(short ?? []).toString(),
    detail: detail?.map((one) => Buffer.from(one).toString()),
    url,
  }));
  expect(warnings).toEqual([
    {
      short: `${text} (line 2)`,
      detail: [expect.stringContaining("JSON arguments recommended for ENTRYPOINT/CMD")],
      url: "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
    },
  ]);
});

describe("POST /build?version=2", () => {
  test("with an output, a failure is reported after the client has begun to serve its session", async () => {
    const order: string[] = [];
    const health = unary(emptyMessage, emptyMessage, () => {
      order.push("served");
      return {};
    });
    const services = new Map([["/grpc.health.v1.Health/Check", health]]);
    const socket = await serveSession(kit.api.socket, { id: "late", services });
    kit.run = () => {
      order.push("built");
      throw new TboxError("invalid-argument", "the step fails");
    };
    const outputs = encodeURIComponent('[{"Type":"tar","Attrs":{}}]');
    const path = `/build?version=2&session=late&outputs=${outputs}`;
    const answer = await (await kit.api.request("POST", path, { body: "tar" })).text();
    socket.destroy();
    expect(answer).toContain("the step fails");
    expect(order).toEqual(["served", "built"]);
  });

  test("answers with BuildKit's progress and the image", async () => {
    kit.run = async function* () {
      yield { type: "dockerfile", name: "Dockerfile", text: "FROM scratch\n" };
      yield built;
    };
    const response = await kit.api.request("POST", "/build?version=2&cachefrom=[%22a%22]", {
      body: "tar",
    });
    const lines = (await response.text()).trim().split("\r\n");
    const ids = lines.map((line): unknown => JSON.parse(line).id);
    expect(ids.slice(0, -1).every((id) => id === "moby.buildkit.trace")).toBe(true);
    expect(ids.at(-1)).toBe("moby.image.id");
    expect(kit.requests[0]?.cacheFrom).toEqual({ names: ["a"], only: false });
  });

  test("reads the context from the session that it names", async () => {
    await kit.open("s", [{ path: "x", text: "1" }]);
    const path = "/build?version=2&remote=client-session&session=s";
    expect(await (await kit.api.request("POST", path)).text()).toContain("moby.image.id");
    expect(kit.requests[0]?.context.type).toBe("prepared");
    expect(kit.requests[0]?.dockerfileText).toBe("FROM scratch\n");
  });

  test.each([
    [
      "/build?version=2&outputs=[{%22Type%22:%22oci%22}]",
      400,
      "outputs: oci: a session is needed, which receives the output",
    ],
    ["/build?session=s", 400, "session: a session needs version=2"],
  ])("%s is refused", async (path, status, message) => {
    const response = await kit.api.request("POST", path, { body: "tar" });
    expect({ status: response.status, body: await response.json() }).toEqual({ status, body: { message } });
  });
});
