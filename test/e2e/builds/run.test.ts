import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { programWithLibraries } from "#test/support/images.ts";
import { repository } from "#test/support/repository.ts";
import { tar } from "#test/support/tar.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { build, builtOutput, type ContextFiles, writeContext } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [{ path: "kept", content: "kept" }]);
}

const options = { obstacle: shellUnavailable, environment: { TBOX_CANARY: "canary-of-the-daemon" }, prepare };

daemonSuite("RUN", options, (daemon) => {
  const output = (script: string, lines: string[], files: ContextFiles = {}, ...options: string[]) =>
    builtOutput(daemon, script, ["FROM box:1", ...lines, ""].join("\n"), files, ...options);

  test("is confined like a container, and sees nothing of the host", async () => {
    const report = [
      "grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/self/status",
      "ls /proc/self/fd | wc -l",
      "env | sort | grep -v -e HOSTNAME -e '^_='",
      "cat /proc/net/dev | wc -l",
      "umask",
    ].join("; ");
    const [inBuild] = [await output("cat /report", [`RUN (${report}) > /report 2>&1`])];
    const inRun = await daemon.tbox(["run", "--rm", "box:1", "sh", "-c", `(${report}) > /r 2>&1; cat /r`]);
    expect(inBuild).toBe(inRun.stdout);
    expect(inBuild).not.toContain("canary");
    expect(await output("cat /etc/hosts | wc -l", ["RUN echo mine > /etc/hosts"])).not.toBe("1\n");
  });

  test("leaves only its own changes in the layer", async () => {
    const { stdout: image } = await build(
      daemon,
      "FROM box:1\nRUN --mount=type=cache,target=/c/d --mount=type=tmpfs,target=/t/u rm /kept; echo 1 > /c/d/x; echo new > /new\nRUN true\n",
    );
    const history = await daemon.tbox([
      "history",
      "--format",
      "{{.CreatedBy}}={{.Size}}",
      "--no-trunc",
      image,
    ]);
    expect(history.stdout).toContain("RUN /bin/sh -c true # buildkit=0B");
    const run = await daemon.tbox(["run", "--rm", image, "sh", "-c", "ls -d /new /kept /c /t"]);
    expect(run.stdout).toBe("/new\n");
    const [{ RootFS }] = JSON.parse((await daemon.tbox(["image", "inspect", image])).stdout);
    expect(RootFS.Layers).toHaveLength(3);
  });

  test("--mount=type=bind shows files of the context, stages and images", async () => {
    const dockerfile = [
      "FROM box:1 AS made",
      "RUN mkdir /out; echo made > /out/f; ln -s /out/f /link",
      "FROM box:1",
      "RUN --mount=target=/ctx cat /ctx/a > /1; ls -A /ctx > /2; ! touch /ctx/a 2>/dev/null",
      "RUN --mount=type=bind,from=made,source=/out,target=/m,rw cat /m/f > /3; echo gone > /m/f; echo new > /m/g",
      "RUN --mount=from=made,source=/link,target=/l cat /l > /4",
      "RUN --mount=from=box:1,source=kept,target=sub/k cat /sub/k > /5",
      "",
    ].join("\n");
    const files = { a: "a\n", ignored: "x", ".dockerignore": "ignored\nDockerfile\n" };
    const script = "cat /1 /2 /3 /4 /5; ls -d /ctx /m /l /sub 2>/dev/null";
    expect(await builtOutput(daemon, script, dockerfile, files)).toBe(
      "a\n.dockerignore\na\nmade\nmade\nkept",
    );
    const outside = await build(
      daemon,
      "FROM box:1\nRUN --mount=source=../../../etc/passwd,target=/p cat /p\n",
    );
    expect(outside.stderr).toContain("not found in the build context");
  });

  test("--mount=type=cache keeps files between builds, with owner and mode", async () => {
    const mount = "--mount=type=cache,id=mine,target=/cache,uid=7,gid=8,mode=0700";
    const lines = (n: number) => [
      `RUN ${mount} echo ${n} >> /cache/log; cp /cache/log /log; stat -c '%u:%g %a' /cache >> /log`,
    ];
    expect(await output("cat /log", lines(1))).toBe("1\n7:8 700\n");
    expect(await output("cat /log; ls -d /cache 2>&1 | wc -l", lines(2))).toBe("1\n2\n7:8 700\n1\n");
    const apart = "RUN --mount=type=cache,id=other,target=/cache ls /cache > /log";
    expect(await output("cat /log", [apart])).toBe("");
  });

  test("builds with sharing=locked wait for one another", async () => {
    const mount = "--mount=type=cache,id=locked,target=/c,sharing=locked";
    const step = `RUN ${mount} test ! -e /c/lock && touch /c/lock && sleep 0.2 && rm /c/lock && touch /done`;
    const dockerfile = [
      "FROM box:1 AS a",
      "ENV N=a",
      step,
      "FROM box:1 AS b",
      "ENV N=b",
      step,
      "FROM box:1",
      "COPY --from=a /done /a",
      "COPY --from=b /done /b",
      "",
    ].join("\n");
    expect(await builtOutput(daemon, "ls /a /b", dockerfile)).toBe("/a\n/b\n");
  });

  test("--mount=type=secret shows secrets that the store does not contain", async () => {
    using directory = temporaryDirectory("secret");
    const secret = `canary-${crypto.randomUUID()}`;
    writeFileSync(`${directory.path}/s`, secret);
    const lines = [
      "RUN --mount=type=secret,id=tok cat /run/secrets/tok | wc -c > /1; stat -c '%u:%g %a' /run/secrets/tok >> /1",
      "RUN --mount=type=secret,id=tok,target=/s,uid=5,gid=6,mode=0444 stat -c '%u:%g %a' /s >> /1",
      'RUN --mount=type=secret,id=tok,env=TOKEN test -n "$TOKEN" && test ! -e /run/secrets && echo env >> /1',
      "RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent",
    ];
    const given = ["--secret", `id=tok,src=${directory.path}/s`];
    expect(await output("cat /1; ls -A /run /s 2>/dev/null", lines, {}, ...given)).toBe(
      `${secret.length}\n0:0 400\n5:6 444\nenv\n`,
    );
    const found = Bun.spawnSync(["grep", "-rl", secret, daemon.data]);
    expect(found.stdout.toString()).toBe("");
    const missing = await build(daemon, "FROM box:1\nRUN --mount=type=secret,id=nope,required true\n");
    expect(missing.stderr).toContain("secret nope: not found");
  });

  test("--mount=type=ssh shows the socket of --ssh and leaves nothing in the image", async () => {
    using directory = temporaryDirectory("agent");
    using _ = Bun.listen({ unix: `${directory.path}/sock`, socket: { data() {} } });
    const lines = ['RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"'];
    expect(await output("ls -R /run", lines, {}, "--ssh", `default=${directory.path}/sock`)).not.toContain(
      "ssh_agent",
    );
  });

  const sshAdd = Bun.which("ssh-add") ?? "";
  test.skipIf(sshAdd === "")("--ssh serves private keys, and nothing is left of the agent", async () => {
    using directory = temporaryDirectory("keys");
    const key = (name: string, passphrase: string) => {
      const path = `${directory.path}/${name}`;
      Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", `key ${name}`, "-f", path]);
      return path;
    };
    const [first, second, locked] = [key("first", ""), key("second", ""), key("locked", "secret")];
    // ssh-add refuses files that others may read; a build does not.
    chmodSync(first, 0o644);
    await loadShell(daemon, "ssh:1", {}, programWithLibraries(sshAdd));
    const dockerfile = `FROM ssh:1\nRUN --mount=type=ssh,id=own ${sshAdd} -l >/out\n`;
    const given = ["--ssh", `own=${first},${second}`];
    const found = await builtOutput(daemon, "cat /out", dockerfile, {}, ...given);
    expect(found).toContain("key first");
    expect(found).toContain("key second");
    const asUser = `FROM ssh:1\nUSER 1000:1000\nRUN --mount=type=ssh,id=own,uid=1000,gid=1000,mode=0600 ${sshAdd} -l\n`;
    expect(await build(daemon, asUser, {}, ...given)).toMatchObject({ code: 0 });
    const refused = await build(daemon, "FROM box:1\n", {}, "--ssh", `own=${locked}`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`cannot use the SSH key ${locked}`);
    const mixed = await build(daemon, "FROM box:1\n", {}, "--ssh", `own=${first},${daemon.socket}`);
    expect(mixed.stderr).toContain("a socket and keys cannot be combined");
    const own = (name: string) => statSync(`${tmpdir()}/${name}`).uid === process.getuid?.();
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith("tbox-agent-") && own(name));
    expect(left).toEqual([]);
  });

  test("a proxy argument sets the variable in lower and upper case, and another proxy leaves the cache valid", async () => {
    const lines = ["RUN env | grep -i _proxy | sort > /out; date +%s%N >> /out"];
    const built = (proxy: string) =>
      output("cat /out", lines, {}, "--build-arg", `http_proxy=${proxy}`, "--build-arg", "NO_PROXY=b");
    const first = await built("http://one");
    expect(first.split("\n").slice(0, -2).sort()).toEqual([
      "HTTP_PROXY=http://one",
      "NO_PROXY=b",
      "http_proxy=http://one",
      "no_proxy=b",
    ]);
    expect(await built("http://two")).toBe(first);
  });

  test("a cache mount has its own directory for each owner and mode", async () => {
    const mount = "--mount=type=cache,id=owned,target=/c";
    const look = "stat -c '%u:%g %a' /c > /r; ls /c >> /r; touch /c/used";
    const seen = (flags: string) =>
      output("cat /r", [`RUN ${mount}${flags} ${look} # ${crypto.randomUUID()}`]);
    expect(await seen("")).toBe("0:0 755\n");
    expect(await seen(",uid=7,gid=8,mode=0700")).toBe("7:8 700\n");
    expect(await seen(",uid=7")).toBe("7:0 755\n");
    expect(await seen("")).toBe("0:0 755\nused\n");
    expect(await seen(",gid=8,uid=7,mode=0700")).toBe("7:8 700\nused\n");
  });

  test("shares the network of a container", async () => {
    const words = ["run", "-d", "--network", "none", "--hostname", "shared", "box:1", "sleep", "600"];
    const id = await daemon.printed(...words);
    const own = await daemon.printed("exec", id, "readlink", "/proc/self/ns/net");
    const lines = ["RUN readlink /proc/self/ns/net > /n; cat /proc/sys/kernel/hostname >> /n"];
    expect(await output("cat /n", lines, {}, "--network", `container:${id}`)).toBe(`${own}\nshared\n`);
    await daemon.tbox(["rm", "-f", id]);
  });

  test("has the requested network, hosts and limits", async () => {
    expect(await output("cat /n", ["RUN --network=none wc -l < /proc/net/dev > /n"])).toBe("3\n");
    const hosts = ["RUN --network=host readlink /proc/self/ns/net > /n"];
    const own = readlinkSync("/proc/self/ns/net");
    expect(await output("cat /n", hosts, {}, "--allow", "network.host")).toBe(`${own}\n`);
    expect(await output("cat /n", hosts, {}, "--network", "host")).toBe(`${own}\n`);
    const refused = await build(daemon, `FROM box:1\n${hosts}\n`);
    expect(refused.stderr).toContain("RUN --network=host is not allowed");
    expect(await output("cat /n", ["RUN grep -c eth0 /proc/net/dev > /n"])).toBe("1\n");
    const given = ["--add-host", "some.test:10.1.2.3", "--ulimit", "nofile=100:200", "--shm-size", "8m"];
    const lines = [
      "RUN grep some.test /etc/hosts > /n; ulimit -n >> /n; df -k /dev/shm | tail -1 | awk '{print $2}' >> /n",
    ];
    expect(await output("cat /n", lines, {}, ...given)).toBe("10.1.2.3\tsome.test\n100\n8192\n");
    // The limit is enforced, or refused with the missing controller.
    const limited = await build(
      daemon,
      "FROM box:1\nRUN cat /sys/fs/cgroup/memory.max > /m\n",
      {},
      "-m",
      "64m",
    );
    if (limited.code !== 0) expect(limited.stderr).toContain("memory");
  });

  test("is cached by content: times do not matter, changes and --no-cache do", async () => {
    const dockerfile = "FROM box:1\nCOPY a /a\nRUN cat /proc/sys/kernel/random/uuid > /r\n";
    const once = await build(daemon, dockerfile, { a: "1" });
    const again = await build(daemon, dockerfile, { a: "1", unused: "" });
    expect(again.stdout).toBe(once.stdout);
    expect((await build(daemon, dockerfile, { a: { text: "1", mode: 0o755 } })).stdout).not.toBe(once.stdout);
    expect((await build(daemon, dockerfile, { a: "2" })).stdout).not.toBe(once.stdout);
    expect((await build(daemon, dockerfile, { a: "1" }, "--no-cache")).stdout).not.toBe(once.stdout);
  });

  test("with SOURCE_DATE_EPOCH a rebuild without cache gives the same image", async () => {
    const dockerfile = "FROM box:1\nWORKDIR /w\nCOPY . .\nRUN mkdir d; echo x > d/f; rm /kept\n";
    const given = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000", "--no-cache"];
    const once = await build(daemon, dockerfile, { a: "1" }, ...given);
    const again = await build(daemon, dockerfile, { a: "1" }, ...given);
    expect(once.code).toBe(0);
    expect(again.stdout).toBe(once.stdout);
    const run = await daemon.tbox(["run", "--rm", once.stdout, "stat", "-c", "%Y", "/w/d/f"]);
    expect(run.stdout).toBe("1700000000\n");
  });

  test("with SOURCE_DATE_EPOCH another daemon builds the same image", async () => {
    await using other = await startDaemon();
    await loadShell(other, "box:1", {}, [{ path: "kept", content: "kept" }]);
    const dockerfile = [
      "FROM box:1 AS made",
      "WORKDIR /w/deep",
      "RUN for i in c a b; do echo $i > $i; done; mkdir -p x/y; ln -s a l; ln a h; rm /kept",
      "FROM box:1",
      "COPY --from=made /w /w",
      "COPY --chown=5:6 . /ctx/",
      "ADD t.tar /tar/",
      "RUN --mount=type=cache,target=/c date > /c/now; date +%Y > /dev/null; touch /ctx/new",
      "HEALTHCHECK CMD true",
      "",
    ].join("\n");
    const archive = tar([{ path: "in", content: "tar" }]);
    const given = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000", "--label", "l=1", "--annotation", "a=b"];
    const digests = async (of: TestDaemon, names: string[]) => {
      const files = Object.fromEntries(names.map((name) => [name, name]));
      const { stdout, stderr } = await build(of, dockerfile, { ...files, "t.tar": archive }, ...given);
      if (stdout === "") throw new Error(stderr);
      const [{ Id, Descriptor }] = JSON.parse((await of.tbox(["image", "inspect", stdout])).stdout);
      return [Id, Descriptor.digest];
    };
    // The files are written in another order, at another time, for another daemon.
    expect(await digests(other, ["z", "d/b", "d/a"])).toEqual(await digests(daemon, ["d/a", "d/b", "z"]));
  });

  test("is killed when the client disconnects, and finished steps stay cached", async () => {
    using context = writeContext({
      Dockerfile: "FROM box:1\nRUN echo first > /1\nRUN echo started; sleep 1000\n",
    });
    const client = Bun.spawn([`${repository}/dist/tbox`, "build", "--progress=plain", context.path], {
      env: daemon.environment,
      stdout: "ignore",
      stderr: "pipe",
    });
    const decoder = new TextDecoder();
    let text = "";
    for await (const piece of client.stderr) {
      text += decoder.decode(piece);
      if (text.includes("#3 started")) break;
    }
    client.kill("SIGKILL");
    await client.exited;
    let left = "x";
    while (left !== "") left = (await daemon.tbox(["ps", "-aq"])).stdout;
    const again = await daemon.tbox(["build", "--progress=plain", "-"], {
      stdin: "FROM box:1\nRUN echo first > /1\n",
    });
    expect(again.stderr).toContain("#2 CACHED");
  });
});
