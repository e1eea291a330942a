import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const occupied = existsSync("/var/run/docker.sock") ? "the host has a docker.sock" : undefined;
const architecture = process.arch === "x64" ? "amd64" : process.arch;
const other = architecture === "amd64" ? "arm64" : "amd64";

daemonSuite("flags of Docker's command line", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);

  test("--platform of history, image inspect and rmi names the image's platform", async () => {
    for (const command of [
      ["history", "-q"],
      ["image", "inspect", "-f", "{{.Os}}"],
    ]) {
      expect((await tbox(...command, "--platform", `linux/${architecture}`, "box:1")).code).toBe(0);
      const missing = await tbox(...command, "--platform", `linux/${other}`, "box:1");
      expect(missing.stderr).toContain(other);
      expect(missing.code).toBe(1);
    }
    expect((await tbox("history", "--platform", "linux", "box:1")).stderr).toContain("use os/arch");
    expect((await tbox("rmi", "--platform", `linux/${other}`, "box:1")).code).toBe(1);
    await tbox("tag", "box:1", "box:2");
    expect((await tbox("rmi", "--platform", `linux/${architecture}`, "box:2")).stdout).toBe(
      "Untagged: box:2\n",
    );
  });

  test("images --tree shows the platform below each image", async () => {
    const { stdout } = await tbox("images", "--tree");
    expect(stdout).toMatch(/^IMAGE +ID +DISK USAGE +EXTRA$/m);
    expect(stdout).toMatch(new RegExp(`^box:1 +[0-9a-f]{12} .*\\n└─ linux/${architecture} `, "m"));
    expect((await tbox("images", "--tree", "-q")).stderr).toContain(
      "--quiet is not yet supported with --tree",
    );
  });

  test("network create accepts the default IPAM driver and refuses flags for Swarm", async () => {
    const options = ["--ipam-driver", "default", "--ipam-opt", "a=b", "--scope", "local"];
    expect((await tbox("network", "create", ...options, "addressed")).code).toBe(0);
    const shown = await tbox("network", "inspect", "-f", "{{json .IPAM.Options}} {{.Scope}}", "addressed");
    expect(shown.stdout).toBe('{"a":"b"} local\n');
    await tbox("network", "rm", "addressed");
    for (const [flag, reason] of [
      ["--config-only", "only networks of a Swarm"],
      ["--config-from=x", "only networks of a Swarm"],
      ["--ingress", "there is no Swarm"],
      ["--scope=swarm", 'only the scope "local"'],
      ["--ipam-driver=dhcp", 'only the driver "default"'],
    ] as const) {
      const { stderr, code } = await tbox("network", "create", flag, "refused");
      expect(stderr).toContain(reason);
      expect(code).toBe(1);
    }
  });

  test("flags that cannot be honoured are refused by name with a reason", async () => {
    for (const [flag, reason] of [
      ["--gpus=all", "--device /dev/nvidia0"],
      ["--storage-opt=size=1g", "only root can limit"],
      ["--device-cgroup-rule=c 1:1 r", "only root can set device rules"],
      ["--disable-content-trust=false", "verifies no signatures"],
    ] as const) {
      const { stderr, code } = await tbox("run", flag, "box:1", "true");
      expect(stderr).toContain(flag.split("=")[0] ?? "");
      expect(stderr).toContain(reason);
      expect(code).toBe(125);
    }
    expect((await tbox("run", "--rm", "--disable-content-trust", "box:1", "true")).code).toBe(0);
    expect((await tbox("volume", "create", "--scope", "multi", "v")).stderr).toContain("only a Swarm");
  });

  test("commit --no-pause does not pause the container", async () => {
    const id = await daemon.printed("run", "-d", "--network", "none", "box:1", "sleep", "1000");
    expect((await tbox("commit", "--no-pause", id, "made:1")).code).toBe(0);
    await tbox("rm", "-f", id);
  });
});

daemonSuite("--use-api-socket", { obstacle: shellUnavailable ?? occupied, prepare: loadBox }, (daemon) => {
  let home: TemporaryDirectory;
  beforeAll(() => {
    home = temporaryDirectory("home");
    mkdirSync(`${home.path}/.docker`);
    const auths = { "registry.example.org": { auth: Buffer.from("me:secret").toString("base64") } };
    writeFileSync(`${home.path}/.docker/config.json`, JSON.stringify({ auths }));
  });
  afterAll(() => home?.[Symbol.dispose]());

  const script =
    "test -S /var/run/docker.sock && cat $DOCKER_CONFIG/config.json && stat -c %a $DOCKER_CONFIG/config.json";
  const call = (...args: string[]) =>
    daemon.tbox(args, { environment: { ...daemon.environment, HOME: home.path } });
  const expected = {
    auths: { "registry.example.org": { auth: Buffer.from("me:secret").toString("base64") } },
  };

  test("of run mounts the socket and passes the credentials on", async () => {
    const options = ["--rm", "--network", "none", "--use-api-socket"];
    const { stdout, stderr } = await call("run", ...options, "box:1", "sh", "-c", script);
    expect(stderr).toBe("");
    const end = stdout.lastIndexOf("}") + 1;
    expect(JSON.parse(stdout.slice(0, end))).toEqual(expected);
    expect(stdout.slice(end).trim()).toBe("600");
  });

  test("of create does the same, and inspect shows no secret", async () => {
    const id = (
      await call("create", "--network", "none", "--use-api-socket", "box:1", "sh", "-c", script)
    ).stdout.trim();
    const { stdout } = await call("start", "-a", id);
    expect(stdout).toContain('"registry.example.org"');
    expect((await call("inspect", id)).stdout).not.toContain(expected.auths["registry.example.org"].auth);
    await call("rm", id);
  });

  test("without credentials mounts only the socket", async () => {
    const options = ["--rm", "--network", "none", "--use-api-socket"];
    const { stdout } = await daemon.tbox([
      ...["run", ...options, "box:1", "sh", "-c", "test -S /var/run/docker.sock; echo $? $DOCKER_CONFIG"],
    ]);
    expect(stdout).toBe("0\n");
  });
});
