import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { dockerUnavailable } from "#test/support/docker.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { hasRanges } from "#test/support/user.ts";
import { buildxUnavailable, composeUnavailable } from "../support/buildx.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const noNode = Bun.which("node") ? undefined : "node is not installed";
const obstacle = shellUnavailable ?? noNode ?? (hasRanges ? undefined : "the user has no subordinate ids");
const command = `${repository}/node_modules/.bin/devcontainer`;

async function prepare(daemon: TestDaemon): Promise<void> {
  const busybox = readFileSync("/bin/busybox");
  await loadShell(daemon, "dev:1", {}, [
    { path: "etc/passwd", content: "root::0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\napp:x:1000:\n" },
    { path: "home/app/.profile", content: "", uid: 1000, gid: 1000 },
    { path: "usr/bin/su", content: busybox, mode: 0o4755 },
  ]);
}

/** Files of projects, by what their containers are made from. */
const projects: Record<string, Record<string, string>> = {
  "an image": { "devcontainer.json": JSON.stringify({ image: "dev:1" }) },
  "a Dockerfile": {
    "devcontainer.json": JSON.stringify({ build: { dockerfile: "Dockerfile" } }),
    Dockerfile: "FROM dev:1\nRUN touch /built\n",
  },
  "a feature with init": {
    "devcontainer.json": JSON.stringify({ image: "dev:1", features: { "./tool": {} } }),
    "tool/devcontainer-feature.json": JSON.stringify({ id: "tool", version: "1.0.0", init: true }),
    "tool/install.sh": "#!/bin/sh\ntouch /installed\n",
  },
};

const cases = [
  ...Object.keys(projects).map((project) => ({ project, client: "tbox", missing: undefined })),
  { project: "a feature with init", client: "docker", missing: dockerUnavailable },
];

daemonSuite("the Dev Containers CLI", { obstacle, prepare }, (daemon) => {
  function writeProject(name: string, files: Record<string, string>): string {
    const folder = `${daemon.data}/../${name}`;
    for (const [path, content] of Object.entries(files)) {
      const file = `${folder}/.devcontainer/${path}`;
      mkdirSync(dirname(file), { recursive: true });
      const settings = { remoteUser: "app", postCreateCommand: "touch after-create" };
      const json = path === "devcontainer.json" ? { ...JSON.parse(content), ...settings } : undefined;
      writeFileSync(file, json ? JSON.stringify(json) : content);
    }
    return folder;
  }

  async function devcontainer(client: string, folder: string, verb: string, ...more: string[]) {
    const program = client === "tbox" ? `${repository}/dist/tbox` : client;
    const args = [verb, "--docker-path", program, "--workspace-folder", folder, ...more];
    const environment = {
      ...daemon.environment,
      DOCKER_HOST: `unix://${daemon.socket}`,
      DOCKER_CONFIG: `${daemon.data}/../docker`,
    };
    const { stdout, stderr, code } = await runProgram([command, ...args], { environment });
    expect({ stderr: code === 0 ? "" : stderr, code }).toEqual({ stderr: "", code: 0 });
    return stdout;
  }

  for (const { client, project, missing } of cases) {
    test.skipIf(missing !== undefined)(
      `runs commands of ${project} as the owner of the workspace, through ${client}`,
      async () => {
        const folder = writeProject(`${client} ${project}`.replaceAll(" ", "-"), projects[project] ?? {});
        const started = JSON.parse(await devcontainer(client, folder, "up"));
        expect(started).toMatchObject({ outcome: "success", remoteUser: "app" });
        expect(statSync(`${folder}/after-create`).uid).toBe(process.getuid?.() ?? -1);
        const script = "id -un; touch made; /usr/bin/su -c 'id -u'; ls /built /installed 2>/dev/null; true";
        const printed = await devcontainer(client, folder, "exec", "sh", "-c", script);
        const added = { "a Dockerfile": ["/built"], "a feature with init": ["/installed"] }[project] ?? [];
        expect(printed.trim().split(/\r?\n/)).toEqual(["app", "0", ...added]);
        expect(statSync(`${folder}/made`).uid).toBe(process.getuid?.() ?? -1);
        expect(JSON.parse(await devcontainer(client, folder, "run-user-commands"))).toMatchObject({
          outcome: "success",
        });
        await daemon.printed("rm", "-f", started.containerId);
      },
    );
  }

  const withFeature = {
    "devcontainer.json": JSON.stringify({
      build: { dockerfile: "Dockerfile" },
      features: { "./tool": {} },
    }),
    Dockerfile: "FROM dev:1\nRUN touch /built\n",
    "tool/devcontainer-feature.json": JSON.stringify({ id: "tool", version: "1.0.0" }),
    "tool/install.sh": "#!/bin/sh\ntouch /installed\n",
  };

  test.skipIf(buildxUnavailable !== undefined)(
    "builds an image of a Dockerfile and a feature, with buildx",
    async () => {
      const folder = writeProject("built", withFeature);
      const built = await devcontainer("docker", folder, "build", "--image-name", "made:1");
      expect(JSON.parse(built)).toMatchObject({ outcome: "success", imageName: ["made:1"] });
      expect(await daemon.printed("run", "--rm", "made:1", "ls", "/built", "/installed")).toBe(
        "/built\n/installed",
      );
    },
  );

  test.skipIf(composeUnavailable !== undefined)(
    "starts a service of a Compose file with a feature, beside another service",
    async () => {
      const dev = { build: ".", command: "sleep 1000", volumes: ["..:/workspace"], depends_on: ["db"] };
      const services = { dev, db: { image: "dev:1", command: "sleep 1000" } };
      const folder = writeProject("composed", {
        ...withFeature,
        "devcontainer.json": JSON.stringify({
          dockerComposeFile: "compose.yaml",
          service: "dev",
          workspaceFolder: "/workspace",
          features: { "./tool": {} },
        }),
        "compose.yaml": JSON.stringify({ name: "composed", services }),
      });
      const started = JSON.parse(await devcontainer("docker", folder, "up"));
      expect(started).toMatchObject({
        outcome: "success",
        remoteUser: "app",
        composeProjectName: "composed",
      });
      const script = "ls /built /installed; ls /workspace/after-create";
      const printed = await devcontainer("docker", folder, "exec", "sh", "-c", script);
      expect(printed.trim().split(/\r?\n/)).toEqual(["/built", "/installed", "/workspace/after-create"]);
      const running = await daemon.printed(
        "ps",
        "--filter",
        "label=com.docker.compose.project=composed",
        "-q",
      );
      expect(running.split("\n")).toHaveLength(2);
      await daemon.printed("rm", "-f", ...running.split("\n"));
    },
  );
});
