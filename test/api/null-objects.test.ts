import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await openFakeApi();
  await api.engine.containers.lifecycle.create({ Image: "image", Cmd: ["true"] }, { name: "c" });
});
afterAll(() => api[Symbol.asyncDispose]());

/** Base64 of JSON. */
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("null in the place of an object is an empty object", () => {
  test.each([null, { "registry.example": null }, {}])("build accepts X-Registry-Config %j", async (value) => {
    const response = await api.request("POST", "/build?dockerfile=null.Dockerfile", {
      headers: { "X-Registry-Config": encoded(value), "Content-Type": "application/x-tar" },
      body: "archive",
    });
    expect({ status: response.status, text: await response.text() }).toMatchObject({ status: 200 });
    expect(api.engine.calls.at(-1)).toBe("build null.Dockerfile");
  });

  test("pull accepts X-Registry-Auth null", async () => {
    const response = await api.request("POST", "/images/create?fromImage=a&tag=1", {
      headers: { "X-Registry-Auth": encoded(null) },
    });
    expect({ status: response.status, text: await response.text() }).toEqual({
      status: 404,
      text: '{"message":"pull access denied"}\n',
    });
  });

  test.each(["null", '{"name":null}'])("a list accepts the filters %s", async (filters) => {
    const response = await api.request("GET", `/containers/json?filters=${encodeURIComponent(filters)}`);
    expect(response.status).toBe(200);
  });

  test.each(["/containers/c/update", "/volumes/create"])("%s accepts the body null", async (path) => {
    const response = await api.request("POST", path, {
      body: "null",
      headers: { "Content-Type": "application/json" },
    });
    expect({ path, body: await response.text() }).not.toMatchObject({ body: /expected object/ });
    expect(response.status).toBeLessThan(300);
  });

  test("create accepts null for the values of maps and the elements of lists", async () => {
    const json = {
      Image: "image",
      ExposedPorts: { "80/tcp": null },
      Volumes: { "/v": null },
      HostConfig: { PortBindings: { "80/tcp": [null] }, LogConfig: null },
      NetworkingConfig: { EndpointsConfig: { bridge: null } },
    };
    const response = await api.request("POST", "/containers/create", { json });
    expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 201 });
  });
});
