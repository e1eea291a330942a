import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await openFakeApi();
  for (const Name of ["kind", "kind-2", "mankind"]) {
    await api.request("POST", "/networks/create", { json: { Name } });
    await api.request("POST", "/volumes/create", { json: { Name } });
  }
});
afterAll(() => api[Symbol.asyncDispose]());

async function named(path: string, ...names: string[]): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ name: names }));
  const answer = JSON.stringify(await (await api.request("GET", `${path}?filters=${filters}`)).json());
  return [...answer.matchAll(/"Name":"([^"]+)"/g)].map(([, name = ""]) => name).sort();
}

describe.each(["/networks", "/volumes"])("the filter name of %s", (path) => {
  test("is a regular expression", async () => {
    expect(await named(path, "^kind$")).toEqual(["kind"]);
    expect(await named(path, "kind")).toEqual(["kind", "kind-2", "mankind"]);
    expect(await named(path, "^man", "-\\d$")).toEqual(["kind-2", "mankind"]);
  });

  test("is refused when it is malformed or too large", async () => {
    for (const pattern of ["(", "(a{500}){500}"]) {
      const response = await api.request(
        "GET",
        `${path}?filters=${encodeURIComponent(JSON.stringify({ name: [pattern] }))}`,
      );
      expect(response.status).toBe(400);
      expect(await response.text()).toContain("invalid filter 'name': invalid regular expression");
    }
  });
});
