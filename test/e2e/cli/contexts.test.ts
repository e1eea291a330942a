import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { selfSigned } from "#test/support/certificate.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";

daemonSuite("the daemon of another address", {}, (daemon) => {
  let directory: TemporaryDirectory;
  const servers: Server[] = [];
  beforeAll(() => {
    directory = temporaryDirectory("contexts");
  });
  afterAll(() => {
    for (const server of servers) server.close();
    directory?.[Symbol.dispose]();
  });

  /** Runs `tbox` with a run directory in which no daemon runs and none may be started. */
  function elsewhere(args: string[], environment: Record<string, string> = {}) {
    return daemon.tbox(args, {
      environment: {
        ...daemon.environment,
        HOME: directory.path,
        TBOX_DATA_DIR: "/proc/nowhere",
        TBOX_RUN_DIR: `${directory.path}/run`,
        ...environment,
      },
    });
  }
  const named = async (...args: string[]) => (await elsewhere([...args, "info", "-f", "{{.ID}}"])).stdout;
  const id = async () => (await daemon.tbox(["info", "-f", "{{.ID}}"])).stdout;

  /** Forwards TCP connections to the daemon; returns the port. */
  async function forward(listen: (handle: (client: Socket) => void) => Server) {
    const server = listen((client) => {
      const upstream = connect({ path: daemon.socket, allowHalfOpen: true });
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  test("-H connects to a Unix socket and starts no daemon", async () => {
    expect(await named("-H", `unix://${daemon.socket}`)).toBe(await id());
    expect(await named("--host", daemon.socket)).toBe(await id());
    const { stderr, code } = await elsewhere(["-H", `unix://${directory.path}/none.sock`, "ps"]);
    expect(stderr).toBe(
      `tbox: cannot connect to the daemon at unix://${directory.path}/none.sock: is it running?\n`,
    );
    expect(code).toBe(1);
  });

  test("-H runs containers there", async () => {
    const run = ["run", "--rm", "--rootfs", "/", "--network", "none", "-i", "cat"];
    const outcome = await daemon.tbox(["-H", `unix://${daemon.socket}`, ...run], {
      stdin: "in and out",
      environment: { ...daemon.environment, TBOX_RUN_DIR: `${directory.path}/run` },
    });
    expect(outcome).toEqual({ stdout: "in and out", stderr: "", code: 0 });
  });

  test("-H connects by TCP", async () => {
    const port = await forward((handle) => createServer({ allowHalfOpen: true }, handle));
    expect(await named("-H", `tcp://127.0.0.1:${port}`)).toBe(await id());
    const refused = await elsewhere(["-H", "tcp://127.0.0.1:1", "ps"]);
    expect(refused.stderr).toStartWith("tbox: cannot connect to the daemon at tcp://127.0.0.1:1: ");
  });

  test("--tlsverify accepts only a server of the given authority", async () => {
    const tls = selfSigned("build");
    const certificate = `${directory.path}/ca.pem`;
    writeFileSync(certificate, tls.cert);
    const port = await forward((handle) => createTlsServer(tls, handle));
    const host = ["-H", `tcp://127.0.0.1:${port}`];
    expect(await named(...host, "--tlsverify", "--tlscacert", certificate)).toBe(await id());
    expect(await named(...host, "--tls")).toBe(await id());
    const untrusted = await elsewhere([...host, "--tlsverify", "ps"]);
    expect(untrusted.stderr).toMatch(/cannot connect to the daemon at .*certificate/);
  });

  test("-H reaches a host by ssh through dial-stdio", async () => {
    const bin = `${directory.path}/bin`;
    mkdirSync(bin);
    // The last two arguments are the destination and the program.
    const remote = Object.entries(daemon.environment).map(([name, value]) => `${name}='${value}'`);
    const script = `#!/bin/sh\necho "$@" > ${directory.path}/ssh.log\nfor last; do :; done\nexec env -i ${remote.join(" ")} PATH="${process.cwd()}/dist:$PATH" sh -c "$last"\n`;
    writeFileSync(`${bin}/ssh`, script);
    chmodSync(`${bin}/ssh`, 0o755);
    const path = { PATH: `${bin}:${daemon.environment.PATH}` };
    const outcome = await elsewhere(["-H", "ssh://me@build:2222", "info", "-f", "{{.ID}}"], path);
    expect(outcome.stdout).toBe(await id());
    expect(readFileSync(`${directory.path}/ssh.log`, "utf8")).toContain("-p 2222 -- me@build");
  });

  test("a context names a daemon, for docker's client too", async () => {
    const created = await elsewhere([
      ...["context", "create", "build", "--description", "the build host"],
      ...["--docker", `host=unix://${daemon.socket}`],
    ]);
    expect(created.stdout).toBe("build\n");
    expect(await named("--context", "build")).toBe(await id());
    const listed = await elsewhere([
      "context",
      "ls",
      "--format",
      "{{.Name}} {{.Current}} {{.DockerEndpoint}}",
    ]);
    expect(listed.stdout).toBe(
      `default true unix://${directory.path}/run/tbox.sock\nbuild false unix://${daemon.socket}\n`,
    );
    const meta = JSON.parse((await elsewhere(["context", "inspect", "build"])).stdout)[0];
    expect(meta).toMatchObject({
      Name: "build",
      Metadata: { Description: "the build host" },
      Endpoints: { docker: { Host: `unix://${daemon.socket}`, SkipTLSVerify: false } },
    });
    const again = await elsewhere(["context", "create", "build"]);
    expect(again.stderr).toBe('tbox: context "build" already exists\n');
  });

  test("the current context is used until another is chosen", async () => {
    expect((await elsewhere(["context", "use", "build"])).stdout).toBe("build\n");
    expect((await elsewhere(["context", "show"])).stdout).toBe("build\n");
    expect(await named()).toBe(await id());
    const run = await elsewhere(["run", "--rm", "--rootfs", "/", "--network", "none", "echo", "there"]);
    expect(run.stdout).toBe("there\n");
    expect((await elsewhere(["context", "rm", "build"])).stderr).toContain('context "build" is in use');
    await elsewhere(["context", "use", "default"]);
    expect((await elsewhere(["context", "show"])).stdout).toBe("default\n");
    expect((await elsewhere(["context"])).stdout).toBe(
      `export DOCKER_HOST=unix://${directory.path}/run/tbox.sock\n`,
    );
  });

  test("an exported context can be imported", async () => {
    const file = `${directory.path}/exported`;
    expect((await elsewhere(["context", "export", "build", file])).code).toBe(0);
    expect((await elsewhere(["context", "import", "copy", file])).stdout).toBe("copy\n");
    expect(await named("-c", "copy")).toBe(await id());
    const updated = await elsewhere(["context", "update", "copy", "--docker", "host=tcp://127.0.0.1:1"]);
    expect(updated.code).toBe(0);
    expect((await elsewhere(["context", "rm", "copy", "build"])).stdout).toBe("copy\nbuild\n");
    expect((await elsewhere(["--context", "copy", "ps"])).stderr).toContain('context "copy" does not exist');
  });

  test.each([
    [["-H", "a", "-H", "b", "ps"], "specify only one -H"],
    [["-H", "a", "-c", "b", "ps"], "cannot specify both --host and --context"],
    [["--tlsverify", "ps"], "TLS options need a daemon's address"],
    [["-H", "npipe://x", "ps"], "use unix://PATH"],
    [["-l", "loud", "ps"], 'must be one of "debug"'],
    [["--nosuch", "ps"], "unknown flag: --nosuch"],
  ])("%j is refused", async (args, reason) => {
    const { stderr, code } = await elsewhere(args);
    expect(stderr).toContain(reason);
    expect(code).not.toBe(0);
  });

  test("--config names the directory of Docker's configuration", async () => {
    const config = `${directory.path}/other`;
    const create = ["--config", config, "context", "create", "there", "--docker", "host=tcp://there"];
    expect((await elsewhere(create)).code).toBe(0);
    expect((await elsewhere(["context", "ls", "-q"])).stdout).toBe("default\n");
    expect((await elsewhere(["--config", config, "context", "ls", "-q"])).stdout).toBe("default\nthere\n");
  });

  test("compose and buildx run Docker's plugins with the daemon's address", async () => {
    const plugins = `${directory.path}/.docker/cli-plugins`;
    mkdirSync(plugins, { recursive: true });
    const script = '#!/bin/sh\necho "$DOCKER_HOST $@"\nread line && echo "$line"\nexit 3\n';
    writeFileSync(`${plugins}/docker-compose`, script, { mode: 0o755 });
    const outcome = await daemon.tbox(["compose", "-f", "x.yaml", "up", "--help"], {
      environment: { ...daemon.environment, HOME: directory.path },
      stdin: "input\n",
    });
    expect(outcome).toEqual({
      stdout: `unix://${daemon.socket} compose -f x.yaml up --help\ninput\n`,
      stderr: "",
      code: 3,
    });
  });

  test("unsupported commands are refused with a reason", async () => {
    for (const [command, reason] of [
      ["swarm", "there is no Swarm"],
      ["checkpoint", "needs root"],
      ["trust", "verifies no signatures"],
    ] as const) {
      const { stderr, code } = await daemon.tbox([command, "ls"]);
      expect(stderr).toContain(`tbox ${command} is not supported: `);
      expect(stderr).toContain(reason);
      expect(code).toBe(1);
    }
    const manifest = await daemon.tbox(["manifest", "create", "list", "a"]);
    expect(manifest.stderr).toContain("tbox manifest create is not supported: ");
    expect(manifest.stderr).toContain("buildx imagetools create");
    expect((await daemon.tbox(["volume", "update", "v"])).stderr).toContain("only cluster volumes");
  });
});
