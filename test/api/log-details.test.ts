import { expect, test } from "bun:test";
import { openFakeApi } from "./support/fake-api.ts";

test("logs with details begin each line with the attributes that the log options name", async () => {
  await using api = await openFakeApi();
  const create = (name: string, Config: Record<string, string>) =>
    api.request("POST", `/containers/create?name=${name}`, {
      json: {
        Image: "image",
        Tty: true,
        Env: ["HOME=/root", "MODE=a b"],
        Labels: { tier: "web", other: "x" },
        HostConfig: { LogConfig: { Config } },
      },
    });
  await create("plain", {});
  await create("detailed", { labels: "tier,none", "env-regex": "^M", tag: "{{.Name}}/{{ .DaemonName }}" });
  for (const name of ["plain", "detailed"]) {
    api.engine.logs[name] = async function* () {
      yield { stream: "stdout", text: "one ", time: "2026-01-01T00:00:00.000000001Z" };
      yield { stream: "stdout", text: "line\n", time: "2026-01-01T00:00:00.000000002Z" };
      yield { stream: "stdout", text: "two\n", time: "2026-01-01T00:00:00.000000003Z" };
    };
  }
  const logs = async (name: string, query: string) =>
    (await api.request("GET", `/containers/${name}/logs?stdout=1&${query}`)).text();
  expect(await logs("plain", "details=0")).toBe("one line\ntwo\n");
  expect(await logs("plain", "details=1")).toBe(" one line\n two\n");
  const details = "MODE=a+b,tag=detailed%2Fdocker,tier=web";
  expect(await logs("detailed", "details=1")).toBe(`${details} one line\n${details} two\n`);
  expect(await logs("detailed", "details=1&timestamps=1&tail=1")).toContain(`00003Z ${details} two\n`);
});
