import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type GitServer, serveRepository } from "#test/support/git-server.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { build, builtOutput } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";
import { hostAddress } from "../support/network.ts";

const address = hostAddress("IPv4");

daemonSuite("a git repository", { obstacle: shellUnavailable }, (daemon) => {
  let server: GitServer;
  beforeAll(async () => {
    server = serveRepository("smart");
    await loadShell(daemon, "box:1");
  });
  afterAll(async () => {
    server?.[Symbol.dispose]();
  });

  const fromContext = async (context: string, script: string, ...options: string[]) => {
    const { code, stdout, stderr } = await daemon.tbox(["build", "-q", ...options, context]);
    if (code !== 0) throw new Error(stderr);
    const run = await daemon.tbox(["run", "--rm", "--network", "none", stdout.trim(), "sh", "-c", script]);
    return run.stdout + run.stderr;
  };
  // The server is on this machine, which only a build with the host's network may reach.
  const added = (line: string, script: string) =>
    builtOutput(daemon, script, `FROM box:1\n${line}\n`, {}, "--network=host");
  const failure = async (line: string, ...options: string[]) =>
    (await build(daemon, `FROM box:1\n${line}\n`, {}, "--network=host", ...options)).stderr;

  test("is a context by branch, tag, commit and subdirectory", async () => {
    const { url, commit } = server;
    const script = "cat /ctx/file; ls -A /ctx; readlink /ctx/link; stat -c %a /ctx/file";
    const listed = "Dockerfile\nfile\nlink\nsub\n/etc\n644\n";
    expect(await fromContext(url, script)).toBe(`new\n${listed}`);
    expect(await fromContext(`${url}#v1`, script)).toBe(`old\n${listed}`);
    expect(await fromContext(`${url}#${commit}`, script)).toBe(`new\n${listed}`);
    expect(await fromContext(`${url}#main:sub`, "ls /deep")).toBe("f\n");
    expect(await fromContext(`${url}?branch=main&subdir=sub`, "ls /deep")).toBe("f\n");
    expect(await fromContext(url, "ls -d /ctx/.git", "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1")).toBe(
      "/ctx/.git\n",
    );
  });

  test("is a source of ADD, with its history for --keep-git-dir", async () => {
    const { url, commit } = server;
    expect(await added(`ADD ${url}#v1 /x`, "cat /x/file; ls -A /x")).toBe(
      "old\nDockerfile\nfile\nlink\nsub\n",
    );
    expect(await added(`ADD --keep-git-dir=true ${url} /x/`, "ls -d /x/.git")).toBe("/x/.git\n");
    expect(await added(`ADD --exclude=sub ${url}#:/sub/deep/ /x/`, "ls /x")).toBe("f\n");
    expect(await added(`ADD --checksum=${commit} --chown=3:4 ${url} /x`, "stat -c %u:%g /x/file")).toBe(
      "3:4\n",
    );
    expect(await failure(`ADD --checksum=${"0".repeat(40)} ${url} /x`)).toContain("expected the commit 0000");
  });

  test("is not fetched when its commit is cached", async () => {
    const lines = `FROM box:1\nADD ${server.url}#v1 /cached\n`;
    const first = await build(daemon, lines, {}, "--network=host");
    expect((await build(daemon, lines, {}, "--network=host")).stdout).toBe(first.stdout);
    const gone = serveRepository("smart");
    const named = `FROM box:1\nADD ${gone.url}#${gone.commit} /gone\n`;
    const once = await build(daemon, named, {}, "--network=host");
    gone[Symbol.dispose]();
    expect(await build(daemon, named, {}, "--network=host")).toEqual(once);
  });

  test("is fetched completely from a server of plain files", async () => {
    using files = serveRepository("files");
    expect(await fromContext(`${files.url}#v1`, "cat /ctx/file")).toBe("old\n");
  });

  test("gets a secret token that the store does not contain", async () => {
    const token = `canary-${crypto.randomUUID()}`;
    using directory = temporaryDirectory("token");
    writeFileSync(`${directory.path}/token`, token);
    const given = ["--secret", `id=GIT_AUTH_TOKEN,src=${directory.path}/token`];
    const { code } = await daemon.tbox(["build", "-q", ...given, server.url]);
    expect(code).toBe(0);
    const header = server.lastHeaders()?.get("authorization") ?? "";
    expect(Buffer.from(header.split(" ")[1] ?? "", "base64").toString()).toBe(`x-access-token:${token}`);
    const encoded = Buffer.from(`x-access-token:${token}`).toString("base64");
    expect(Bun.spawnSync(["grep", "-rlE", `${token}|${encoded}`, daemon.data]).stdout.toString()).toBe("");
  });

  test.each([
    ["#--upload-pack=touch", "is not the name of a branch"],
    ["#nope", "does not contain ref nope"],
    ["#main:link", 'has no directory "link"'],
    ["#main:../../etc", 'has no directory "etc"'],
    ["?unknown=1", 'unexpected query "unknown"'],
    ["?checksum=xyz", "is not a hexadecimal commit hash"],
  ])("with %s is refused", async (suffix, reason) => {
    expect(await failure(`ADD ${server.url}${suffix} /x`)).toContain(reason);
    const { code, stderr } = await daemon.tbox(["build", "-q", `${server.url}${suffix}`]);
    expect({ code, told: stderr.includes(reason) ? reason : stderr }).toEqual({ code: 1, told: reason });
  });

  test.skipIf(address === undefined)(
    "reaches no service of this machine that only its author names",
    async () => {
      const contacted: string[] = [];
      using local = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch(request) {
          contacted.push(request.url);
          return new Response("secret");
        },
      });
      const inside = `http://127.0.0.1:${local.port}/repo.git`;
      using redirecting = Bun.serve({
        hostname: address ?? "",
        port: 0,
        fetch: (request) => Response.redirect(`${inside}${new URL(request.url).pathname}`, 302),
      });
      using outer = serveRepository("smart", { hostname: address ?? "", submodule: inside });
      const { port } = redirecting;
      for (const remote of [
        inside,
        `http://localhost:${local.port}/x.git`,
        `http://${address}:${port}/x.git`,
        outer.url,
      ]) {
        const { code, stderr } = await build(daemon, `FROM box:1\nADD ${remote} /x\n`);
        expect({ remote, code, told: /not allowed|error: 403/.test(stderr) ? "refused" : stderr }).toEqual({
          remote,
          code: 1,
          told: "refused",
        });
      }
      for (const remote of [`git://127.0.0.1:${local.port}/x`, `git://localhost:${local.port}/x`]) {
        expect((await build(daemon, `FROM box:1\nADD ${remote} /x\n`)).stderr).toContain("is not allowed");
      }
      for (const context of [outer.url, `http://${address}:${port}/x.git`]) {
        const { code, stderr } = await daemon.tbox(["build", "-q", context]);
        expect({ context, code, told: /error: 403/.test(stderr) ? "refused" : stderr }).toMatchObject({
          told: "refused",
        });
      }
      expect(contacted).toEqual([]);
      const whole = `ADD ${outer.url}?submodules=false /x`;
      expect(await builtOutput(daemon, "cat /x/file", `FROM box:1\n${whole}\n`)).toBe("new\n");
    },
  );

  test("over SSH needs an agent, and other transports are refused", async () => {
    expect(await failure("ADD git@127.0.0.1:x/y.git /x")).toContain("build with --ssh default");
    expect(await failure("ADD ssh://-oProxyCommand=x/y.git /x")).toContain("needs an SSH agent");
    expect(await failure("ADD ext::sh%20-c /x")).toContain("file does not exist");
    expect(await failure("ADD file:///etc /x")).toContain("file does not exist");
  });
});
