import { expect, test } from "bun:test";
import { registryBase } from "./registry-base.ts";

test.each([
  ["localhost:5000", [], "http://localhost:5000/", "https://localhost:5000/"],
  ["127.3.2.1", [], "http://127.3.2.1/", "https://127.3.2.1/"],
  ["[::1]:5000", [], "http://[::1]:5000/", "https://[::1]:5000/"],
  ["registry:5000", [], "https://registry:5000/", undefined],
  ["registry:5000", ["registry:5000"], "https://registry:5000/", "http://registry:5000/"],
  ["registry:5000", ["registry"], "https://registry:5000/", "http://registry:5000/"],
  ["10.1.2.3:5000", ["10.0.0.0/8"], "https://10.1.2.3:5000/", "http://10.1.2.3:5000/"],
  ["11.1.2.3:5000", ["10.0.0.0/8"], "https://11.1.2.3:5000/", undefined],
  ["registry:5001", ["registry:5000"], "https://registry:5001/", undefined],
  ["localhost.example", [], "https://localhost.example/", undefined],
  ["docker.io", [], "https://registry-1.docker.io/", undefined],
])(
  "the base of %s with the insecure registries %j is %s, with the fallback %s",
  (domain, insecure, url, fallback) => {
    const base = registryBase(domain, insecure);
    expect([base.url.href, base.fallback?.href]).toEqual([url, fallback]);
  },
);
