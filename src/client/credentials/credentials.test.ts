import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { eraseCredentials, findCredentials, registryAuth, storeCredentials } from "./credentials.ts";
import { registryKey, serverKey } from "./registry-key.ts";

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
])("credentials for %s are stored under %s", (image, key) => expect(registryKey(image)).toBe(key));

test("a password may contain colons and a key may be a URL", async () => {
  const config = { auths: { "https://ghcr.io/v1/": { auth: encoded("me:pa:ss") } } };
  expect(await credentials("ghcr.io/a/b", config)).toEqual({
    username: "me",
    password: "pa:ss",
    serveraddress: "ghcr.io",
  });
});

test("an identity token takes precedence over a password", async () => {
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

test("a missing helper is a warning, and the file is used", async () => {
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

test.each([
  ["", "https://index.docker.io/v1/"],
  ["docker.io", "https://index.docker.io/v1/"],
  ["https://index.docker.io/v1/", "https://index.docker.io/v1/"],
  ["ghcr.io", "ghcr.io"],
  ["https://ghcr.io/v2/", "ghcr.io"],
  ["localhost:5000", "localhost:5000"],
])("the server %j has the key %s", (server, key) => expect(serverKey(server)).toBe(key));

test("the exact key takes precedence over a key with the same host, and similar hosts do not match", async () => {
  const auths = {
    "https://ghcr.io/v1/": { auth: encoded("url:x") },
    "ghcr.io": { auth: encoded("exact:x") },
    "ghcr.io.example": { auth: encoded("alike:x") },
    "xghcr.io": { auth: encoded("alike:x") },
    "ghcr.io:443": { auth: encoded("port:x") },
  };
  expect(await credentials("ghcr.io/a", { auths })).toMatchObject({ username: "exact" });
  expect(await credentials("example/ghcr.io", { auths })).toBeUndefined();
  expect(await credentials("ghcr.io:5000/a", { auths })).toBeUndefined();
});

test("an empty helper name means the file", async () => {
  const config = {
    credsStore: "tbox-test-none",
    credHelpers: { "ghcr.io": "" },
    auths: { "ghcr.io": { auth: encoded("a:b") } },
  };
  expect(await credentials("ghcr.io/a", config)).toMatchObject({ username: "a" });
  expect(warnings).toEqual([]);
});

const own = () => ({ DOCKER_CONFIG: directory, PATH: `${directory}:${process.env.PATH}` });
const warn = (warning: string) => void warnings.push(warning);

test("stored credentials are found, and erased under every spelling of their key", async () => {
  const stored = { username: "u", password: "p:w", serveraddress: "ghcr.io" };
  expect(await storeCredentials(stored, own())).toBe("file");
  expect(await findCredentials("ghcr.io", warn, own())).toEqual(stored);
  await storeCredentials({ ...stored, serveraddress: "https://ghcr.io/v1/" }, own());
  expect(await eraseCredentials("ghcr.io", warn, own())).toBe(true);
  expect(await findCredentials("ghcr.io", warn, own())).toBeUndefined();
  expect(await eraseCredentials("ghcr.io", warn, own())).toBe(false);
});

test("a helper stores the credentials, and the file contains only the key", async () => {
  const helper = `${directory}/docker-credential-tbox-test`;
  const script = `#!/bin/sh
case $1 in
store) cat > "${directory}/kept" ;;
erase) rm "${directory}/kept" ;;
get) cat "${directory}/kept" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
esac
`;
  writeFileSync(helper, script);
  chmodSync(helper, 0o755);
  writeFileSync(`${directory}/config.json`, JSON.stringify({ credsStore: "tbox-test" }));
  expect(await findCredentials("ghcr.io", warn, own())).toBeUndefined();
  const stored = { identitytoken: "t", serveraddress: "ghcr.io" };
  expect(await storeCredentials(stored, own())).toBe("helper");
  expect(await findCredentials("ghcr.io", warn, own())).toEqual(stored);
  expect(await Bun.file(`${directory}/config.json`).json()).toMatchObject({ auths: { "ghcr.io": {} } });
  expect(await eraseCredentials("ghcr.io", warn, own())).toBe(true);
  expect(await findCredentials("ghcr.io", warn, own())).toBeUndefined();
  expect(warnings).toEqual([]);
});

test("the error of a failing helper contains its name and output", async () => {
  const helper = `${directory}/docker-credential-tbox-test`;
  writeFileSync(helper, "#!/bin/sh\necho the keychain is locked\nexit 1\n");
  chmodSync(helper, 0o755);
  expect(await credentials("ghcr.io/a", { credsStore: "tbox-test" })).toBeUndefined();
  expect(warnings).toEqual([
    "the credential helper docker-credential-tbox-test does not work: the keychain is locked",
  ]);
});
