import { expect, test } from "bun:test";
import { mergeCommitConfig } from "./commit-config.ts";

const container = {
  Env: ["PATH=/bin", "A=1"],
  Labels: { a: "1", b: "1" },
  ExposedPorts: { "80/tcp": {} },
  Entrypoint: ["/entry"],
  Cmd: ["run"],
  User: "5",
};

test("a commit without settings keeps those of the container", () => {
  expect(mergeCommitConfig({}, container)).toEqual(container);
});

test("variables, labels and ports of a commit are added to those of the container", () => {
  const requested = { Env: ["A=2", "B=3"], Labels: { b: "2" }, ExposedPorts: { "90/tcp": {} }, User: "6" };
  expect(mergeCommitConfig(requested, container)).toEqual({
    ...container,
    Env: ["A=2", "B=3", "PATH=/bin"],
    Labels: { a: "1", b: "2" },
    ExposedPorts: { "80/tcp": {}, "90/tcp": {} },
    User: "6",
  });
});

test("the command of the container is dropped with its entrypoint", () => {
  expect(mergeCommitConfig({ Entrypoint: ["/other"] }, container)).toMatchObject({
    Entrypoint: ["/other"],
    Cmd: [],
  });
  expect(mergeCommitConfig({ Cmd: ["walk"] }, container)).toMatchObject({
    Entrypoint: ["/entry"],
    Cmd: ["walk"],
  });
});
