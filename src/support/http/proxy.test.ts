import { expect, test } from "bun:test";
import { proxyFor } from "./proxy.ts";

const all = { HTTP_PROXY: "http://plain:1", https_proxy: "secure:2" };

test.each([
  ["http://a.example/", all, "http://plain:1/"],
  ["https://a.example/", all, "http://secure:2/"],
  ["https://a.example/", { ALL_PROXY: "socks5://s:3" }, "socks5://s:3"],
  ["https://localhost:5000/", all, undefined],
  ["http://127.0.0.1:5000/", all, undefined],
  ["http://[::1]:5000/", all, undefined],
  ["https://a.example/", {}, undefined],
])("the proxy for %s with %j is %s", (url, environment: Record<string, string>, proxy) => {
  expect(proxyFor(new URL(url), environment)?.href).toBe(proxy);
});

test.each([
  ["*", "a.example", true],
  ["example", "a.example", true],
  [".example", "a.example", true],
  ["*.example", "a.example", true],
  ["a.example", "a.example", true],
  ["b.example", "a.example", false],
  ["ample", "a.example", false],
  ["x, a.example ,y", "a.example", true],
  ["a.example:80", "a.example", false],
  ["a.example:443", "a.example", true],
  ["10.0.0.0/8", "10.1.2.3", true],
  ["10.0.0.0/8", "11.1.2.3", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.0.0.0/99", "10.1.2.3", false],
])("NO_PROXY=%s exempts %s: %p", (list, host, exempt) => {
  const proxy = proxyFor(new URL(`https://${host}/`), { ...all, NO_PROXY: list });
  expect(proxy === undefined).toBe(exempt);
});
