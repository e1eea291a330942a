import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { startDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { type Outcome, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { shellUnavailable } from "../support/images.ts";
import { type Block, shellBlocks } from "./blocks.ts";
import { isInstalled, loadStandIns, writeWorkflow } from "./stand-ins.ts";

const folder = "docs/guides";
const pages = [
  "README.md",
  ...readdirSync(`${repository}/${folder}`)
    .toSorted()
    .map((name) => `${folder}/${name}`),
].map((name) => ({ name, blocks: shellBlocks(readFileSync(`${repository}/${name}`, "utf8")) }));

test("every block of commands in the README and the guides says how it is tested", () => {
  const unknown = pages.flatMap(({ name, blocks }) =>
    blocks
      .filter(({ treatment }) => !treatment || (treatment.kind === "tested" && !isFile(treatment.by)))
      .map(({ line }) => `${name}, line ${line}`),
  );
  expect(unknown).toEqual([]);
});

function isFile(path: string): boolean {
  return existsSync(`${repository}/${path}`);
}

/** Returns the programs that a block lacks here, or the reason why it never runs; empty if it runs. */
function obstacles({ treatment }: Block): string[] {
  if (treatment?.kind === "not-run") return [treatment.reason];
  return treatment?.kind === "run" ? treatment.needs.filter((name) => !isInstalled(name)) : [];
}

daemonSuite("the guides", { obstacle: shellUnavailable, prepare: loadStandIns }, (daemon) => {
  describe.each(pages)("$name", ({ name, blocks }) => {
    const opened = new AsyncDisposableStack();
    let run: (block: Block) => Promise<Outcome>;

    beforeAll(async () => {
      const home = opened.use(temporaryDirectory("guide")).path;
      opened.defer(() => killTrees(processesMentioning(home)));
      const engine: Record<string, string> = {};
      if (name === `${folder}/moving.md`) {
        const old = opened.use(await startDaemon());
        await loadStandIns(old);
        engine.DOCKER_HOST = `unix://${old.socket}`;
      }
      run = await shellIn(home, { ...daemon.environment, ...engine }, daemon.run);
    });

    afterAll(async () => {
      const containers = await daemon.printed("ps", "-aq");
      if (containers !== "") await daemon.printed("rm", "-f", "-v", ...containers.split("\n"));
      await daemon.printed("network", "prune", "-f");
      await daemon.printed("volume", "prune", "-af");
      await opened.disposeAsync();
    });

    for (const block of blocks.filter(({ treatment }) => treatment?.kind !== "tested")) {
      const missing = obstacles(block);
      const note = missing.length > 0 ? ` (needs ${missing.join(", ")})` : "";
      test.skipIf(missing.length > 0)(`the commands from line ${block.line} work${note}`, async () => {
        const { code, stdout, stderr } = await run(block);
        expect(code, `${stdout}${stderr}`).toBe(0);
      });
    }
  });
});

/**
 * Returns a function that runs blocks one after another as one shell session of a user with this home directory. Each
 * block keeps the directory and the exported variables of the one before. Port 8080 of the guides becomes a free one, and
 * interactive programs get no terminal and no input.
 */
async function shellIn(home: string, given: Record<string, string>, runDirectory: string) {
  const port = String(await freePorts());
  const work = `${home}/work`;
  const state = `${home}/state`;
  mkdirSync(work);
  writeFileSync(`${work}/Dockerfile`, "FROM alpine\nRUN touch /built\n");
  writeWorkflow(home, work);
  mkdirSync(`${home}/session`, { mode: 0o700 });
  symlinkSync(runDirectory, `${home}/session/tbox`);
  // Programs of Node.js find their packages here, and Docker's client its plugins.
  symlinkSync(`${repository}/node_modules`, `${work}/node_modules`);
  mkdirSync(`${home}/.docker`);
  symlinkSync(`${process.env.HOME}/.docker/cli-plugins`, `${home}/.docker/cli-plugins`);
  const environment = {
    ...given,
    HOME: home,
    USER: process.env.USER ?? "user",
    TMPDIR: home,
    PATH: `${repository}/dist:${given.PATH}`,
    XDG_RUNTIME_DIR: `${home}/session`,
    // Its reaper is an image of a registry.
    TESTCONTAINERS_RYUK_DISABLED: "true",
    TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1",
  };
  return ({ script }: Block) => {
    const lines = [
      `if [[ -e ${state} ]]; then source ${state}; cd "$PWD"; fi`,
      script.replaceAll("8080", port).replaceAll(" -it ", " -i "),
      `declare -px > ${state}`,
    ];
    const command = ["bash", "-euxo", "pipefail", "-c", lines.join("\n")];
    return runProgram(command, { cwd: work, environment });
  };
}
