import { expect, test } from "bun:test";
import { checkRunRequest } from "./check-run-request.ts";

const run = (container: object) => ({ pull: "missing", detach: false, container });

test("the same options with another image, command and environment keep their own values", () => {
  const request = (Image: string, word: string) =>
    run({ Image, Cmd: [word], Env: [`A=${word}`], HostConfig: { AutoRemove: true }, Labels: { a: "b" } });
  const first = checkRunRequest(request("one", "x"));
  const second = checkRunRequest(request("two", "y"));
  expect(first.value).toEqual(request("one", "x") as typeof first.value);
  expect(second.value).toEqual(request("two", "y") as typeof second.value);
});

test("a change of a checked request does not reach the next one", () => {
  const request = run({ Image: "one", HostConfig: { Binds: ["/a:/a"], AutoRemove: true } });
  checkRunRequest(request).value.container.HostConfig?.Binds?.push("/b:/b");
  checkRunRequest(request).value.container.HostConfig?.Binds?.push("/c:/c");
  expect(checkRunRequest(request).value.container.HostConfig?.Binds).toEqual(["/a:/a"]);
});

test("each request with an unknown name gets the warning", () => {
  const request = run({ Image: "one", Colour: "red" });
  const expected = ['unknown field "Colour" is ignored'];
  expect(checkRunRequest(request).warnings).toEqual(expected);
  expect(checkRunRequest(request).warnings).toEqual(expected);
});

test("undefined and empty members are accepted", () => {
  const request = run({ Image: "one", Cmd: undefined, Env: [], Rootfs: undefined, Labels: {} });
  const expected = run({ Image: "one", Env: [], Labels: {} });
  expect(checkRunRequest(request).value).toEqual(expected as ReturnType<typeof checkRunRequest>["value"]);
  expect(() => checkRunRequest(run({ Image: "", Rootfs: undefined }))).not.toThrow();
});

test("an invalid request is refused each time", () => {
  for (const container of [{ Image: 5 }, { Image: "one", Cmd: [1] }, { Image: "one", Tty: "yes" }]) {
    expect(() => checkRunRequest(run(container))).toThrow();
    expect(() => checkRunRequest(run(container))).toThrow();
  }
});
