import { afterAll, beforeAll, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { selfSigned } from "#test/support/certificate.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { buildImage } from "#test/support/images.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { repository } from "#test/support/repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { issuer, service, startTokenServer, type TokenServer } from "#test/support/token-server.ts";
import { programUnavailable } from "#test/support/user.ts";
import { loadImage } from "../support/images.ts";
import { openTerminal, tmuxUnavailable } from "../support/terminal.ts";

const obstacle = programUnavailable ?? registryUnavailable;
const me = { username: "me", password: "pa:ss wörd" };

daemonSuite("a registry with TLS and tokens", { obstacle: obstacle }, (daemon) => {
  let directory: TemporaryDirectory;
  let tokens: TokenServer;
  let registry: TestRegistry;
  let plain: TestRegistry;
  let configFile: string;

  beforeAll(async () => {
    directory = temporaryDirectory("login");
    const certificate = selfSigned("localhost");
    const [cert, key] = [`${directory.path}/cert`, `${directory.path}/key`];
    await Promise.all([Bun.write(cert, certificate.cert), Bun.write(key, certificate.key)]);
    tokens = startTokenServer(certificate, me);
    registry = await startRegistry(undefined, {
      http: { tls: { certificate: cert, key } },
      auth: { token: { realm: tokens.realm, service, issuer, rootcertbundle: cert } },
    });
    plain = await startRegistry(me);
    configFile = `${daemon.environment.HOME}/.docker/config.json`;
    // The registry on loopback may have any certificate; its token server needs a trusted one.
    const folder = `${daemon.environment.HOME}/.config/tbox/certs.d/${new URL(tokens.realm).host}`;
    await Bun.write(`${folder}/ca.crt`, certificate.cert);
    await loadImage(daemon, "own:1", { layers: [[{ path: "f", content: "x" }]] });
    await daemon.tbox(["tag", "own:1", `${registry.host}/team/own:1`]);
  });
  afterAll(async () => {
    await Promise.all([registry, plain, tokens].map((one) => one?.[Symbol.asyncDispose]()));
    directory?.[Symbol.dispose]();
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const login = (host: string, password: string) =>
    daemon.tbox(["login", "-u", me.username, "--password-stdin", host], { stdin: `${password}\n` });

  test("allows push and pull after a login, and not after a logout", async () => {
    const name = `${registry.host}/team/own:1`;
    expect((await tbox("push", name)).stderr).toContain("denied");
    const wrong = await login(registry.host, "wrong");
    expect(wrong.stderr).toContain("unauthorized: incorrect username or password");
    expect(wrong.code).toBe(1);
    const right = await login(registry.host, me.password);
    expect(right.stdout).toBe("Login Succeeded\n");
    expect(right.stderr).toContain(`stored unencrypted in '${configFile}'`);
    expect((await tbox("push", name)).code).toBe(0);
    expect(tokens.asked).toContain("me@repository:team/own:pull,push");
    await tbox("rmi", name);
    expect((await tbox("pull", name)).code).toBe(0);
    expect((await tbox("login", registry.host)).stdout).toContain(
      "Authenticating with existing credentials...",
    );
    const out = await tbox("logout", registry.host);
    expect(out.stdout).toBe(`Removing login credentials for ${registry.host}\n`);
    expect((await tbox("logout", registry.host)).stdout).toBe(`Not logged in to ${registry.host}\n`);
    expect((await tbox("push", name)).stderr).toContain("denied");
    expect((await tbox("pull", name)).code).toBe(0);
  });

  test("keeps credentials in a private file, with its other settings", async () => {
    await Bun.write(configFile, JSON.stringify({ detachKeys: "ctrl-q", auths: { other: { auth: "x" } } }));
    expect((await login(plain.host, me.password)).code).toBe(0);
    expect(statSync(configFile).mode & 0o777).toBe(0o600);
    const kept = await Bun.file(configFile).json();
    expect(kept).toMatchObject({ detachKeys: "ctrl-q", auths: { other: { auth: "x" } } });
    expect(kept.auths[plain.host].auth).toBe(Buffer.from("me:pa:ss wörd").toString("base64"));
    const wrong = await login(plain.host, "wrong");
    expect(wrong.stderr).toContain(`http://${plain.host}/v2/ failed with status: 401 Unauthorized`);
  });

  test.skipIf(tmuxUnavailable !== undefined)(
    "prompts for missing credentials without showing the password",
    async () => {
      const environment = Object.entries(daemon.environment).map(([name, value]) => `${name}=${value}`);
      const shell = ["env", "-i", ...environment, "TERM=xterm", "PS1=> ", "bash", "--norc"];
      using window = openTerminal(shell, { columns: 120, rows: 30 });
      window.type(`${repository}/dist/tbox login ${plain.host}; echo code $?`, "Enter");
      await window.shows(/Authenticating with existing/);
      await window.shows(/^code 0$/m);
      window.type(`clear; ${repository}/dist/tbox login -u other ${plain.host}; echo code $?`, "Enter");
      await window.shows(/^Password:/m);
      window.type("hiddenx", "BSpace", "Enter");
      expect(await window.shows(/^code 1$/m)).not.toContain("hidden");
      window.type(`clear; ${repository}/dist/tbox logout ${plain.host}; echo out`, "Enter");
      await window.shows(/^out$/m);
      window.type(`clear; ${repository}/dist/tbox login ${plain.host}; echo code $?`, "Enter");
      await window.shows(/^Username:/m);
      window.type("me", "Enter");
      await window.shows(/^Password:/m);
      window.type(me.password, "Enter");
      await window.shows(/^code 0$/m);
    },
  );

  test("refuses missing credentials without a terminal", async () => {
    expect((await tbox("login", "-u", "me", registry.host)).stderr).toContain("non TTY device");
    const both = await tbox("login", "-u", "a", "-p", "b", "--password-stdin");
    expect(both.stderr).toContain("cannot specify both --password and --password-stdin");
    expect((await tbox("login", "--password-stdin")).stderr).toContain("requires --username to be set");
  });

  test("answers a distribution inspect without a pull", async () => {
    const image = buildImage({ layers: [[{ path: "f", content: "x" }]] });
    const response = await daemon.request("GET", `/distribution/${registry.host}/team/own:1/json`);
    expect(await response.json()).toMatchObject({
      Descriptor: { digest: image.manifest.digest, size: image.manifest.bytes.length },
      Platforms: [{ os: "linux" }],
    });
    const missing = await daemon.request("GET", `/distribution/${registry.host}/team/none:1/json`);
    expect(missing.status).toBe(404);
  });
});
