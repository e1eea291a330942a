import { afterAll, beforeAll, expect, test } from "bun:test";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await openFakeApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const refused = (message: string) => ({ status: 400, text: `${JSON.stringify({ message })}\n` });

test.each([
  "/commit",
  "/commit?container=c",
  "/containers/create",
  "/containers/c/exec",
  "/containers/c/update",
  "/exec/e/start",
  "/networks/create",
  "/networks/n/connect",
  "/networks/n/disconnect",
  "/volumes/create",
  "/auth",
])("POST %s says what is wrong with its body", async (path) => {
  const send = async (body: string, type = "application/json") => {
    const headers = { "Content-Type": type };
    const response = await fetch(`http://d${path}`, { unix: api.socket, method: "POST", body, headers });
    return { status: response.status, text: await response.text() };
  };
  const message = "invalid JSON: invalid character 'i' looking for beginning of object key string";
  expect(await send("{invalid json")).toEqual(refused(message));
  expect(await send("{} more")).toEqual(refused("unexpected content after JSON"));
  const type = "unsupported Content-Type header (text/plain): must be 'application/json'";
  expect(await send("{}", "text/plain")).toEqual(refused(type));
});
