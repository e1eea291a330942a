import { expect, test } from "bun:test";
import { programEnvironment } from "./environment.ts";
import { mergeConfig } from "./merge-config.ts";

const image = { Entrypoint: ["e"], Cmd: ["c"], Env: ["A=1", "PATH=/bin"], User: "u", WorkingDir: "/w" };

test.each([
  ["nothing", {}, ["e", "c"]],
  ["a command", { Cmd: ["x"] }, ["e", "x"]],
  ["an entrypoint, which drops the image's command", { Entrypoint: ["y"] }, ["y"]],
  ["both", { Entrypoint: ["y"], Cmd: ["x"] }, ["y", "x"]],
  ["an empty entrypoint, which removes the image's", { Entrypoint: [""], Cmd: ["x"] }, ["x"]],
  ["an empty list, which leaves the image's command", { Entrypoint: [] }, ["c"]],
])("a request with %s", (_, request, expected) => {
  const { path, args } = mergeConfig(request, image);
  expect([path, ...args]).toEqual(expected);
});

test("an empty entrypoint without a command is refused", () => {
  expect(() => mergeConfig({ Entrypoint: [""] }, image)).toThrow("no command specified");
});

test("the image's settings fill the fields that the request leaves open", () => {
  const { config } = mergeConfig({ User: "", Labels: { b: "2" } }, { ...image, Labels: { a: "1", b: "1" } });
  expect(config).toMatchObject({ User: "u", WorkingDir: "/w", Labels: { a: "1", b: "2" } });
});

test("a variable of the request replaces the image's, and an entry without a value removes it", () => {
  const { config } = mergeConfig({ Env: ["A=2", "PATH", "B=", "C"] }, image);
  expect(config.Env).toEqual(["A=2", "PATH", "B=", "C"]);
  expect(programEnvironment(config.Env ?? [], { hostname: "h", tty: true })).toEqual([
    "HOSTNAME=h",
    "TERM=xterm",
    "A=2",
    "B=",
  ]);
});

test("a relative working directory is refused", () => {
  expect(() => mergeConfig({ WorkingDir: "rel" }, image)).toThrow("needs to be an absolute path");
});

test.each(["=x", "", "="])("the variable '%s' without a name is refused", (entry) => {
  expect(() => mergeConfig({ Cmd: ["x"], Env: [entry] }, undefined)).toThrow(
    `invalid environment variable: ${entry}`,
  );
});

test("an empty word is a command, which only the start can refuse", () => {
  expect(mergeConfig({ Cmd: [""] }, undefined)).toMatchObject({ path: "", args: [] });
});

test("the variables of the request come first, and the last entry of a name wins", () => {
  const { config } = mergeConfig({ Env: ["B=1", "B=2"] }, image);
  expect(config.Env).toEqual(["B=1", "B=2", "A=1", "PATH=/bin"]);
  expect(programEnvironment(config.Env ?? [], { hostname: "h", tty: false })).toEqual([
    "HOSTNAME=h",
    "B=2",
    "A=1",
    "PATH=/bin",
  ]);
});

test("the working directory is cleaned", () => {
  expect(mergeConfig({ WorkingDir: "/a/../b/" }, image).config.WorkingDir).toBe("/b");
});

test("a request with an entrypoint only has no command", () => {
  expect(mergeConfig({ Entrypoint: ["y"] }, image).config).not.toHaveProperty("Cmd");
});
