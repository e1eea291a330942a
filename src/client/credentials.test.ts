import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { registryAuth, registryKey } from "./credentials.ts";

let directory: string;
const warnings: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/tbox-test-`);
  warnings.length = 0;
});
afterEach(() => rmSync(directory, { recursive: true }));

async function credentials(image: string, config: unknown): Promise<unknown> {
  writeFileSync(`${directory}/config.json`, JSON.stringify(config));
  const auth = await registryAuth(image, (warning) => warnings.push(warning), {
    DOCKER_CONFIG: directory,
    PATH: `${directory}:${process.env.PATH}`,
  });
  return auth === undefined ? undefined : JSON.parse(Buffer.from(auth, "base64url").toString());
}

const encoded = (text: string) => Buffer.from(text).toString("base64");

test.each([
  ["debian", "https://index.docker.io/v1/"],
  ["user/app:1", "https://index.docker.io/v1/"],
  ["docker.io/library/debian", "https://index.docker.io/v1/"],
  ["localhost/app", "localhost"],
  ["localhost:5000/app", "localhost:5000"],
  ["ghcr.io/a/b@sha256:00", "ghcr.io"],
])("credentials for %s are kept under %s", (image, key) => expect(registryKey(image)).toBe(key));

test("a password may hold colons and a key may be a URL", async () => {
  const config = { auths: { "https://ghcr.io/v1/": { auth: encoded("me:pa:ss") } } };
  expect(await credentials("ghcr.io/a/b", config)).toEqual({
    username: "me",
    password: "pa:ss",
    serveraddress: "ghcr.io",
  });
});

test("an identity token goes before a password", async () => {
  const config = { auths: { "ghcr.io": { auth: encoded("me:x"), identitytoken: "token" } } };
  expect(await credentials("ghcr.io/a", config)).toEqual({
    identitytoken: "token",
    serveraddress: "ghcr.io",
  });
});

test("an empty entry, another registry and no file mean no credentials", async () => {
  expect(await credentials("ghcr.io/a", { auths: { "ghcr.io": {} } })).toBeUndefined();
  expect(await credentials("quay.io/a", { auths: { "ghcr.io": { auth: encoded("a:b") } } })).toBeUndefined();
  expect(await registryAuth("a", () => {}, { DOCKER_CONFIG: `${directory}/none` })).toBeUndefined();
});

test("a missing helper is a warning, and the file is tried", async () => {
  const config = { credsStore: "tbox-test-none", auths: { "ghcr.io": { auth: encoded("a:b") } } };
  expect(await credentials("ghcr.io/a", config)).toMatchObject({ username: "a" });
  expect(warnings).toEqual([expect.stringContaining("docker-credential-tbox-test-none")]);
});

test("a helper is asked for the registry's key", async () => {
  const helper = `${directory}/docker-credential-tbox-test`;
  writeFileSync(helper, '#!/bin/sh\nread -r key\nprintf \'{"Username":"u","Secret":"%s"}\' "$key"\n');
  chmodSync(helper, 0o755);
  const config = { credHelpers: { "ghcr.io": "tbox-test" } };
  expect(await credentials("ghcr.io/a", config)).toMatchObject({ username: "u", password: "ghcr.io" });
});
