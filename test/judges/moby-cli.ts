import { mkdirSync } from "node:fs";
import { judgeArguments } from "./support/arguments.ts";
import { startEngine } from "./support/engine.ts";
import { fakeRoot } from "./support/fake-root.ts";
import { goTests } from "./support/go-tests.ts";
import { mobyImages } from "./support/moby.ts";
import { type Result, report } from "./support/report.ts";

/**
 * Runs moby's `integration-cli` suites: compiled tests, beside a copy of the sources that the user may write. Usage:
 * `bun test/judges/moby-cli.ts BINARY COPY [SUITE[/TEST]...]`
 */
const { positions, baseline } = judgeArguments(
  "bun test/judges/moby-cli.ts BINARY COPY [SUITE[/TEST]...]",
  2,
);
const [binary = "", copy = "", ...wanted] = positions;
const suites = [
  ...["API", "CLIAttach", "CLIBuild", "CLICommit", "CLICp", "CLICreate", "CLIEvent", "CLIExec", "CLIHealth"],
  ...["CLIHistory", "CLIImages", "CLIImport", "CLIInfo", "CLIInspect", "CLILinks", "CLILogin", "CLILogs"],
  ...["CLINetmode", "CLIPort", "CLIPrune", "CLIPs", "CLIRestart", "CLIRmi", "CLIRun", "CLISaveLoad"],
  ...["CLIStart", "CLIStats", "CLITop", "CLIUpdate", "CLIVolume"],
].map((name) => `TestDocker${name}Suite`);

// Tests whose failure removes an image that the next tests need.
const breaking = ["TestDockerCLIRmiSuite/TestRmiParentImageFail"];

const results: Result[] = [];
for (const suite of wanted.length > 0 ? wanted : suites) {
  await using engine = await startEngine(mobyImages());
  const scratch = `${engine.environment.TMPDIR}/bundles`;
  mkdirSync(scratch);
  const tests = {
    binary,
    cwd: `${copy}/integration-cli`,
    environment: {
      ...engine.environment,
      TEST_CLIENT_BINARY: "docker",
      DOCKER_BUILDKIT: "0",
      DOCKER_REMOTE_DAEMON: "",
      DOCKER_INTEGRATION_DAEMON_DEST: scratch,
    },
    patience: 120,
  };
  const run = `^${suite.replace("/", "$/^")}$`;
  const asRoot = await goTests({
    ...tests,
    run,
    prefix: fakeRoot(scratch),
    avoid: breaking.filter((name) => name.startsWith(`${suite}/`)),
  });
  const found = await again(asRoot, async (names) => {
    await engine.load();
    return goTests({ ...tests, run: patternOf(names) });
  });
  const passed = found.filter(({ verdict }) => verdict === "PASS").length;
  console.log(`${suite}: ${passed} of ${found.length}`);
  results.push(...found);
}
report(results, baseline);

/** Repeats failed tests as the user, who may inspect the processes of containers; root of a namespace may not. */
async function again(first: Result[], repeat: (names: string[]) => Promise<Result[]>): Promise<Result[]> {
  const failed = first.filter(({ name, verdict }) => verdict === "FAIL" && !breaking.includes(name));
  if (failed.length === 0) return first;
  const passed = new Set(
    (await repeat(failed.map(({ name }) => name)))
      .filter(({ verdict }) => verdict === "PASS")
      .map(({ name }) => name),
  );
  return first.map((result) => (passed.has(result.name) ? { ...result, verdict: "PASS" } : result));
}

function patternOf(names: string[]): string {
  const [suite = ""] = (names[0] ?? "").split("/");
  const tests = new Set(names.map((name) => name.split("/")[1]));
  return `^${suite}$/^(${[...tests].join("|")})$`;
}
