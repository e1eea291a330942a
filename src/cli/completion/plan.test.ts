import { expect, test } from "bun:test";
import { planCompletion } from "./plan.ts";

async function texts(before: string[], current: string): Promise<string[]> {
  const completion = await planCompletion(before, current);
  return completion.kind === "words" ? completion.words.map(({ text }) => text) : [];
}
const kind = async (line: string) => (await planCompletion(line.split(" ").slice(0, -1), "")).kind;

test("the first word is a command or a group, never an internal command", async () => {
  const words = await texts([], "");
  expect(words).toContain("run");
  expect(words).toContain("volume");
  expect(words).not.toContain("__complete");
  expect(await texts(["help"], "")).toEqual(words);
});

test("options before the command are completed and skipped", async () => {
  expect(await texts([], "--")).toContain("--host");
  expect(await texts(["-D", "-H", "unix:///x"], "")).toContain("run");
  expect(await texts(["--context=a", "volume"], "")).toContain("prune");
  expect((await planCompletion(["--config"], "")).kind).toBe("file");
  expect((await planCompletion(["-H"], "")).kind).toBe("nothing");
  expect((await planCompletion(["-H", "x", "stop"], "")).kind).toBe("container");
});

test("a group that is also a command completes to its commands", async () => {
  expect(await texts(["context"], "")).toContain("use");
});

test("a group completes to its commands", async () => {
  expect(await texts(["volume"], "")).toContain("prune");
});

test("a hyphen completes to the command's flags, without unsupported ones", async () => {
  const words = await texts(["run"], "--");
  expect(words).toContain("--rm");
  expect(words).toContain("--help");
  expect(words).not.toContain("--gpus");
});

test.each([
  ["stop ", "container"],
  ["stop a ", "container"],
  ["stop -t 3 ", "container"],
  ["rename a ", "nothing"],
  ["run ", "image"],
  ["run -it --rm ", "image"],
  ["run -itu ", "nothing"],
  ["run --name ", "nothing"],
  ["run --name=x ", "image"],
  ["run --network ", "network"],
  ["run -v ", "file"],
  ["run image ", "nothing"],
  ["run image -v ", "nothing"],
  ["rmi ", "image"],
  ["image rm ", "image"],
  ["tag a ", "image"],
  ["volume rm ", "volume"],
  ["exec -- ", "container"],
  ["exec a ", "nothing"],
  ["import ", "file"],
  ["nosuch ", "nothing"],
] as const)("after %j, completes: %s", async (line, expected) => {
  expect(await kind(line)).toBe(expected);
});
