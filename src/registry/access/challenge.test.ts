import { expect, test } from "bun:test";
import { parseChallenges } from "./challenge.ts";

function plain(header: string): [string, Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test.each([
  ['Basic realm="x"', [["basic", { realm: "x" }]]],
  [
    'Basic realm="x", Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
    [
      ["basic", { realm: "x" }],
      ["bearer", { realm: "https://a/t", service: "s", scope: "repository:a:pull,push" }],
    ],
  ],
  ['bearer Realm="a\\"b" , service=s', [["bearer", { realm: 'a"b', service: "s" }]]],
  [
    "Negotiate, Basic",
    [
      ["negotiate", {}],
      ["basic", {}],
    ],
  ],
  ["", []],
] as const)("%s", (header, expected) => {
  expect(plain(header)).toEqual(expected as unknown as [string, Record<string, string>][]);
});
