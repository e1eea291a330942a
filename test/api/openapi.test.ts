import { afterAll, beforeAll, expect, test } from "bun:test";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

interface Operation {
  parameters?: { name: string; in: string; schema: object }[];
  requestBody?: { content: { "application/json": { schema: { properties: Record<string, unknown> } } } };
}

let api: FakeApi;
let paths: Record<string, Record<string, Operation>>;
beforeAll(async () => {
  api = await openFakeApi();
  const document = (await (await api.request("GET", "/v1.51/tbox/openapi.json")).json()) as {
    openapi: string;
    paths: typeof paths;
  };
  expect(document.openapi).toBe("3.1.1");
  paths = document.paths;
});
afterAll(() => api[Symbol.asyncDispose]());

const body = (path: string) => paths[path]?.post?.requestBody?.content["application/json"].schema.properties;

test("bodies are described with all nested fields", () => {
  expect(body("/containers/create")).toMatchObject({
    Image: { type: "string" },
    Labels: { type: "object" },
    HostConfig: { properties: { ReadonlyRootfs: { type: "boolean" }, CapAdd: { type: "array" } } },
  });
  expect(body("/containers/{id}/exec")).toHaveProperty("Cmd");
  expect(body("/commit")).toHaveProperty("Env");
});

test("query parameters are described", () => {
  const names = paths["/containers/{id}/logs"]?.get?.parameters?.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["id", "follow", "since", "tail"]));
});

test("names with slashes and streams have paths, and unsupported endpoints have none", () => {
  expect(paths["/images/{name}/json"]).toHaveProperty("get");
  expect(paths["/exec/{id}/start"]).toHaveProperty("post");
  expect(paths).not.toHaveProperty(["/swarm/init"]);
});

test("every described endpoint is served", async () => {
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of Object.keys(operations)) {
      if (path === "/tbox/shutdown" || path === "/events") continue;
      const response = await api.request(method.toUpperCase(), path.replace(/\{\w+\}/g, "x"));
      const text = await response.text();
      expect({ path, method, text }).not.toMatchObject({ text: expect.stringContaining("page not found") });
    }
  }
});
