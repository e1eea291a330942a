import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import type { TarEntry } from "#test/support/tar.ts";
import { until } from "#test/support/until.ts";
import { composeUnavailable } from "../support/buildx.ts";
import { loadImage, loadShell, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? (Bun.which("node") ? undefined : "node is not installed");
async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", { WorkingDir: "/www" });
  await loadReaper(daemon, "reaper:1");
}

daemonSuite("Testcontainers", { obstacle: obstacle, prepare }, (daemon) => {
  const environment = () => ({
    ...daemon.environment,
    // Testcontainers keeps a lock for all tests of a user here.
    TMPDIR: daemon.environment.HOME ?? "",
    DOCKER_HOST: `unix://${daemon.socket}`,
    RYUK_CONTAINER_IMAGE: "reaper:1",
    TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1",
  });

  test("runs its containers, and its reaper removes the leftovers of a test", async () => {
    const script = `${repository}/test/e2e/clients/testcontainers.mjs`;
    const command = ["node", script, "box:1"];
    const { stdout, stderr, code } = await runProgram(command, { environment: environment() });
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(JSON.parse(stdout)).toEqual({
      page: "hello from a test\n",
      exec: { output: "hello from a test\n", exitCode: 4 },
      log: "serving",
      again: 200,
      byName: "data\n",
      ownAddress: true,
      built: "a-client",
    });
    await until(async () => (await daemon.tbox(["ps", "-aq"])).stdout === "");
    expect((await daemon.tbox(["network", "ls", "--filter", "type=custom", "-q"])).stdout).toBe("");
    expect((await daemon.tbox(["images", "--format", "{{.Repository}}"])).stdout.split("\n").sort()).toEqual([
      "",
      "box",
      "reaper",
    ]);
  });

  test("reuses a container of the same settings, and starts a Compose project", async () => {
    const script = `${repository}/test/e2e/clients/testcontainers-compose.mjs`;
    const compose = composeUnavailable === undefined;
    const command = ["node", script, "box:1", ...(compose ? ["compose"] : [])];
    const reuse = { ...environment(), TESTCONTAINERS_REUSE_ENABLE: "true" };
    const { stdout, stderr, code } = await runProgram(command, { environment: reuse });
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(JSON.parse(stdout)).toEqual({
      reused: true,
      other: true,
      ...(compose ? { compose: { page: "data\n", inside: "data\n" } } : {}),
    });
    await until(async () => (await daemon.tbox(["ps", "-q"])).stdout.trim().split("\n").length === 2);
  });
});

/**
 * Loads an image with Testcontainers' reaper: the static program TBOX_TEST_RYUK, or the tests' own replacement with the same
 * behaviour.
 */
async function loadReaper(daemon: TestDaemon, name: string): Promise<void> {
  const ryuk = process.env.TBOX_TEST_RYUK;
  // Testcontainers and the reaper recognise the image by this label.
  const Labels = { "org.testcontainers.ryuk": "true" };
  const config = { Env: ["PATH=/bin"], ExposedPorts: { "8080/tcp": {} }, Labels };
  if (ryuk !== undefined) {
    const layers: TarEntry[][] = [[{ path: "ryuk", content: readFileSync(ryuk), mode: 0o755 }]];
    return loadImage(daemon, name, { layers, config: { ...config, Entrypoint: ["/ryuk"] } });
  }
  const script = readFileSync(`${repository}/test/e2e/clients/reaper.mjs`);
  const files = [process.execPath, ...librariesOf(process.execPath)];
  const layers: TarEntry[][] = [
    [
      ...files.map((path): TarEntry => ({ path: path.slice(1), content: readFileSync(path), mode: 0o755 })),
      { path: "reaper.mjs", content: script },
    ],
  ];
  const Entrypoint = [process.execPath, "/reaper.mjs"];
  await loadImage(daemon, name, { layers, config: { ...config, Entrypoint }, compression: "none" });
}

/** Returns the shared libraries of a program, by the path where the loader finds them. */
function librariesOf(program: string): string[] {
  const { stdout } = Bun.spawnSync(["ldd", program]);
  return [...stdout.toString().matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
}
