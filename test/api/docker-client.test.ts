import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dockerUnavailable, docker as runDocker } from "#test/support/docker.ts";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

if (dockerUnavailable !== undefined) console.error(`skipped with docker's client: ${dockerUnavailable}`);

describe.skipIf(dockerUnavailable !== undefined)("docker's client", () => {
  let api: FakeApi;
  const docker = (args: string[], stdin?: string | Uint8Array, environment?: Record<string, string>) =>
    runDocker(api.socket, args, {
      ...(stdin === undefined ? {} : { stdin }),
      ...(environment === undefined ? {} : { environment }),
    });

  beforeAll(async () => {
    api = await openFakeApi();
    const { programs, logs } = api.engine;
    programs.cat = async ({ input, write }) => {
      for await (const bytes of input) await write("stdout", bytes);
      return 0;
    };
    programs.both = async ({ write }) => {
      await write("stdout", "out\n");
      await write("stderr", "err\n");
      return 5;
    };
    logs.web = async function* () {
      yield { stream: "stdout", text: "out\n", time: "2026-01-01T00:00:00.000000001Z" };
      yield { stream: "stderr", text: "err\n", time: "2026-01-01T00:00:00.000000002Z" };
    };
  });
  afterAll(() => api[Symbol.asyncDispose]());

  test("prints the versions of client and server", async () => {
    const { stdout, code } = await docker(["version"]);
    expect(stdout).toContain("Server: tbox");
    expect(stdout).toMatch(/API version: +1\.51 \(minimum version 1\.24\)/);
    expect(code).toBe(0);
  });

  test("prints system information", async () => {
    const { stdout, stderr, code } = await docker(["info"]);
    expect(stdout).toContain(" Storage Driver: overlay\n");
    expect(stdout).toContain(" rootless\n");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  });

  // Clients before 1.30 wait for the exit through events.
  test.each(["1.30", "1.41", "1.44", "1.50", "1.51"])(
    "separates stdout, stderr and the exit status (version %s)",
    async (version) => {
      const outcome = await docker(["run", "--rm", "image", "both"], undefined, {
        DOCKER_API_VERSION: version,
      });
      expect(outcome).toEqual({ stdout: "out\n", stderr: "err\n", code: 5 });
    },
  );

  test("passes input of any length through unchanged", async () => {
    const input = Buffer.alloc(3_000_000, "0123456789\n");
    const { stdout, code } = await docker(["run", "-i", "--rm", "image", "cat"], input);
    expect(Bun.hash(stdout)).toBe(Bun.hash(input));
    expect(code).toBe(0);
    expect((await docker(["run", "-i", "--rm", "image", "cat"], "")).code).toBe(0);
  });

  test("exits with 127 when the program does not exist", async () => {
    const { stderr, code } = await docker(["run", "--rm", "image", "/nope"]);
    expect(stderr).toContain("no such file or directory");
    expect(code).toBe(127);
  });

  test("pulls a missing image with progress and runs it", async () => {
    api.engine.pulls["fresh:1"] = async function* () {
      yield { status: "Pulling from library/fresh", id: "1" };
      yield { status: "Downloading", id: "abc", current: 1, total: 2 };
      yield { status: "Pull complete", id: "abc" };
      yield { status: "Status: Downloaded newer image for fresh:1" };
      api.engine.present.add("fresh:1");
    };
    const { stdout, stderr, code } = await docker(["run", "--rm", "fresh:1", "both"]);
    expect(stderr).toStartWith("Unable to find image 'fresh:1' locally\n1: Pulling from library/fresh\n");
    expect({ stdout, code }).toEqual({ stdout: "out\n", code: 5 });
    expect((await docker(["pull", "nowhere:1"])).stderr).toContain("pull access denied");
  });

  test("creates, starts, lists, inspects, waits for, reads and removes a container", async () => {
    const { stdout: id } = await docker(["create", "--name", "web", "-l", "a=b", "image", "both"]);
    expect(id).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await docker(["start", "-a", "web"])).stdout).toBe("out\n");
    expect((await docker(["wait", "web"])).stdout).toBe("5\n");
    const format = "{{.Names}} {{.Image}} {{.Status}} {{.Labels}}";
    expect((await docker(["ps", "-a", "--format", format])).stdout).toMatch(
      /^web image Exited \(5\) (Less than a second|\d seconds?) ago a=b$/m,
    );
    expect((await docker(["inspect", "-f", "{{.State.ExitCode}} {{.Config.Labels.a}}", "web"])).stdout).toBe(
      "5 b\n",
    );
    expect(await docker(["logs", "-t", "web"])).toEqual({
      stdout: "2026-01-01T00:00:00.000000001Z out\n",
      stderr: "2026-01-01T00:00:00.000000002Z err\n",
      code: 0,
    });
    expect((await docker(["stop", "web"])).stdout).toBe("web\n");
    expect((await docker(["rm", "-f", "web"])).stdout).toBe("web\n");
  });

  test("lists, loads, imports and removes images", async () => {
    expect((await docker(["images", "--format", "{{.Repository}} {{.Tag}} {{.Size}}"])).stdout).toContain(
      "image latest 1kB\n",
    );
    expect((await docker(["load"], "archive")).stdout).toBe("Loaded image: loaded:7\n");
    expect((await docker(["import", "-", "foo:1"], "archive")).stdout).toStartWith("sha256:");
    expect((await docker(["rmi", "foo:1"])).stdout).toStartWith("Untagged: foo:1\nDeleted: sha256:");
    expect((await docker(["system", "df"])).code).toBe(0);
  });

  test("reports missing objects by name", async () => {
    const refused = async (...args: string[]) => (await docker(args)).stderr;
    expect(await refused("inspect", "nothing")).toBe("Error: No such object: nothing\n");
    expect(await refused("run", "--storage-opt", "size=1G", "image", "both")).toContain(
      "HostConfig.StorageOpt",
    );
    expect(await refused("exec", "none", "sh")).toContain("No such container: none");
    expect(await refused("network", "create", "-d", "overlay", "n")).toContain(
      'network driver "overlay" is not supported: use bridge',
    );
  });
});
