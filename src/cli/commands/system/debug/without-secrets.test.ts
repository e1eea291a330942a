import { describe, expect, test } from "bun:test";
import { maskSecrets, withoutSecrets } from "./without-secrets.ts";

describe("withoutSecrets", () => {
  test("removes the values of variables and keeps their names", () => {
    expect(withoutSecrets({ Config: { Env: ["PATH=/bin", "KEY=s3cret", "plain s3cret"] } })).toEqual({
      Config: { Env: ["PATH=***", "KEY=***", "***"] },
    });
  });

  test.each(["Cmd", "Entrypoint", "Args", "OnBuild", "Shell"])("removes the words of %s", (name) => {
    expect(withoutSecrets({ [name]: ["login", "--password", "s3cret"] })).toEqual({
      [name]: ["***", "***", "***"],
    });
  });

  test.each(["Labels", "Options", "DriverOpts", "Annotations"])("removes the values of %s", (name) => {
    expect(withoutSecrets({ [name]: { key: "s3cret", nested: { deep: "s3cret" } } })).toEqual({
      [name]: { key: "***", nested: { deep: "***" } },
    });
  });

  test("removes the options of a log driver and the output of health checks", () => {
    const given = {
      HostConfig: { LogConfig: { Type: "json-file", Config: { labels: "s3cret" } } },
      State: { Health: { Status: "healthy", Log: [{ Output: "s3cret" }] } },
    };
    expect(withoutSecrets(given)).toEqual({
      HostConfig: { LogConfig: { Type: "json-file", Config: { labels: "***" } } },
      State: { Health: { Status: "healthy", Log: "***" } },
    });
  });

  test("keeps names, paths, numbers and absent values", () => {
    const given = {
      Name: "/web",
      Config: { Image: "nginx:1", Cmd: null },
      Mounts: [{ Source: "/srv", RW: true }],
    };
    expect(withoutSecrets(given)).toEqual(given);
  });
});

describe("maskSecrets", () => {
  test.each([
    ["https://me:s3cret@example.org/v2/", "https://***@example.org/v2/"],
    ["Authorization: Bearer s3cret.t0ken", "Authorization: Bearer ***"],
    ["authorization: Basic czNjcmV0", "authorization: Basic ***"],
    ["password=s3cret next", "password=*** next"],
    ['{"token":"s3cret","name":"web"}', '{"token":***,"name":"web"}'],
    ["MY_API_KEY=s3cret", "MY_API_KEY=***"],
    ["got eyJhbGciOi.eyJzdWIi.s3cret here", "got *** here"],
  ])("%s becomes %s", (given, expected) => {
    expect(maskSecrets(given)).toBe(expected);
  });

  test.each([
    "pull docker.io/library/busybox:latest",
    "user@example.org",
    "/home/me/secrets/file",
    "2026-01-01T00:00:00.000Z warn network: helper restarted",
  ])("leaves %s unchanged", (text) => {
    expect(maskSecrets(text)).toBe(text);
  });
});
