import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openConnection } from "#test/support/connection.ts";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { dockerUnavailable, docker as runDocker } from "#test/support/docker.ts";
import { buildImage, busyboxLayer, busyboxUnavailable, pushImage } from "#test/support/images.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { until } from "#test/support/until.ts";
import { programUnavailable } from "#test/support/user.ts";

const obstacle = dockerUnavailable ?? programUnavailable ?? registryUnavailable ?? busyboxUnavailable;
if (obstacle !== undefined) console.error(`skipped with docker's client and real containers: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("docker's client with real containers", () => {
  let registry: TestRegistry;
  let daemon: TestDaemon;
  let image: string;

  beforeAll(async () => {
    registry = await startRegistry();
    const source = { layers: [busyboxLayer()], config: { Cmd: ["sh"], Env: ["PATH=/bin"] } };
    await pushImage(registry.host, "test/busybox", "1", buildImage(source));
    image = `${registry.host}/test/busybox:1`;
    daemon = await startDaemon();
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  const docker = (args: string[], stdin?: string | Uint8Array) =>
    runDocker(daemon.socket, args, stdin === undefined ? {} : { stdin });
  const run = (options: string[], ...command: string[]) => [
    "run",
    "--rm",
    "--network",
    "none",
    ...options,
    image,
    ...command,
  ];
  const sh = (script: string, ...options: string[]) => run(options, "sh", "-c", script);

  test("prints versions and system information", async () => {
    expect((await docker(["version", "--format", "{{.Server.APIVersion}}"])).stdout).toBe("1.51\n");
    const info = await docker(["info", "--format", "{{.ServerErrors}} {{.OSType}} {{.DefaultRuntime}}"]);
    expect(info.stdout).toBe("[] linux runc\n");
  });

  test("pulls from a registry and lists the image", async () => {
    const { stdout, stderr, code } = await docker(["pull", image]);
    expect(stderr).toBe("");
    expect(stdout).toContain(`Status: Downloaded newer image for ${image}`);
    expect(code).toBe(0);
    expect((await docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).stdout).toContain(`${image}\n`);
    expect((await docker(["pull", `${registry.host}/test/none:1`])).code).toBe(1);
  });

  test("pushes to a registry and reports a refusal", async () => {
    const name = `${registry.host}/pushed:1`;
    expect((await docker(["tag", image, name])).code).toBe(0);
    const { stdout, code } = await docker(["push", name]);
    expect(stdout).toContain(`The push refers to repository [${registry.host}/pushed]`);
    expect(stdout).toMatch(/1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
    expect(code).toBe(0);
    const missing = await docker(["push", `${registry.host}/nosuch:1`]);
    expect(missing.stderr).toContain("An image does not exist locally with the tag:");
    expect(missing.code).toBe(1);
    expect((await docker(["rmi", name])).code).toBe(0);
  });

  test("separates stdout, stderr and the exit status", async () => {
    expect(await docker(sh("echo out; echo err >&2; exit 7"))).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      code: 7,
    });
    expect((await docker(run([], "/nope"))).code).toBe(127);
    expect((await docker(run([], "/etc/passwd"))).code).toBe(126);
    expect((await docker(sh("kill -9 $$", "--init"))).code).toBe(137);
  });

  test("passes input through unchanged", async () => {
    const input = Buffer.alloc(5_000_000, "0123456789abcde\n");
    const { stdout, code } = await docker(run(["-i"], "cat"), input);
    expect(Bun.hash(stdout)).toBe(Bun.hash(input));
    expect(code).toBe(0);
  });

  test("the end of input does not end the output", async () => {
    const script = "wc -c; sleep 1; echo after";
    expect((await docker(sh(script, "-i"), new Uint8Array(1_000_000))).stdout).toMatch(
      /^\s*1000000\nafter\n$/,
    );
    expect((await docker(sh("wc -c"))).stdout.trim()).toBe("0");
  });

  test("closing one side of an upgraded connection leaves the other side open", async () => {
    const body = {
      Image: image,
      Cmd: ["sh", "-c", "wc -c; sleep 1; echo after"],
      OpenStdin: true,
      StdinOnce: true,
    };
    const created = await daemon.request("POST", "/containers/create?name=half", body);
    expect(created.status).toBe(201);
    using connection = await openConnection(daemon.socket);
    connection.write(
      "POST /containers/half/attach?stdin=1&stdout=1&stream=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    await connection.until("101 UPGRADED");
    expect((await daemon.request("POST", "/containers/half/start")).status).toBe(204);
    connection.writeBytes(Buffer.alloc(1_000_000, "x"));
    connection.endWriting();
    const output = (await connection.ended).toString();
    expect(output).toContain("1000000\n");
    expect(output).toContain("after\n");
    await docker(["rm", "-f", "half"]);
  });

  test("manages a container in the background from create to remove", async () => {
    const script = "trap 'exit 3' TERM; echo one; echo two >&2; while :; do sleep 0.1; done";
    const started = await docker([
      "run",
      "-d",
      "--name",
      "bg",
      "--network",
      "none",
      "-l",
      "a=b",
      image,
      "sh",
      "-c",
      script,
    ]);
    expect(started.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(
      (await docker(["ps", "--filter", "label=a=b", "--format", "{{.Names}} {{.Status}}"])).stdout,
    ).toMatch(/^bg Up .*\n$/);
    // Before that the program has no handler for the signal.
    await until(async () => (await docker(["logs", "bg"])).stderr === "two\n");
    const follow = docker(["logs", "-f", "bg"]);
    expect((await docker(["stop", "-t", "5", "bg"])).stdout).toBe("bg\n");
    expect(await follow).toEqual({ stdout: "one\n", stderr: "two\n", code: 0 });
    expect((await docker(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "bg"])).stdout).toBe(
      "exited 3\n",
    );
    expect((await docker(["wait", "bg"])).stdout).toBe("3\n");
    expect((await docker(["logs", "--tail", "1", "-t", "bg"])).stderr).toMatch(/^\d{4}-\S+Z two\n$/);
    expect((await docker(["rm", "bg"])).stdout).toBe("bg\n");
    expect((await docker(["ps", "-aq"])).stdout).toBe("");
  });

  test("executes programs in a running container", async () => {
    await docker(["run", "-d", "--name", "more", "--network", "none", image, "sleep", "1000"]);
    const exec = (options: string[], ...command: string[]) =>
      docker(["exec", ...options, "more", ...command]);
    expect(await exec([], "sh", "-c", "echo out; echo err >&2; exit 5")).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      code: 5,
    });
    const command = ["exec", "-i", "-e", "A=b", "more", "sh", "-c", "wc -c; echo $A"];
    expect((await docker(command, new Uint8Array(100_000))).stdout).toMatch(/^\s*100000\nb\n$/);
    expect((await exec([], "/nope")).code).toBe(127);
    expect((await exec(["-d"], "touch", "/tmp/x")).code).toBe(0);
    await docker(["rm", "-f", "more"]);
  });

  test("removes an image", async () => {
    expect((await docker(["rmi", image])).stdout).toContain(`Untagged: ${image}`);
    expect((await docker(["images", "-q"])).stdout).toBe("");
  });
});
