import { mkdirSync, writeFileSync } from "node:fs";
import { judgeArguments } from "./support/arguments.ts";
import { startEngine } from "./support/engine.ts";
import { greeter, standIn } from "./support/fixtures.ts";
import { type Result, report } from "./support/report.ts";

/**
 * Runs the integration tests of a copy of docker-py's repository, except those of Swarm and of plugins. PYTHON has pytest and
 * requests. Usage: `bun test/judges/docker-py.ts COPY PYTHON [TEST...]`
 */
const { positions, baseline } = judgeArguments("bun test/judges/docker-py.ts COPY PYTHON [TEST...]", 2);
const [copy = "", python = "", ...wanted] = positions;
const absent = ["api_swarm", "api_service", "api_config", "api_secret", "api_plugin"];
const ignored = [...absent, "models_services", "models_swarm", "models_nodes"];

await using engine = await startEngine([
  ...["alpine:3.10", "alpine:latest", "busybox:latest"].map((name) => standIn(name)),
  greeter("hello-world:latest"),
]);
const selection =
  wanted.length > 0
    ? ["-k", wanted.join(" or ")]
    : [
        ...ignored.map((name) => `--ignore=tests/integration/${name}_test.py`),
        "--ignore=tests/integration/credentials",
        "--deselect=tests/integration/context_api_test.py",
      ];
// The suite imports paramiko only for its tests over SSH.
const stubs = `${engine.environment.TMPDIR}/stubs`;
mkdirSync(stubs);
writeFileSync(`${stubs}/paramiko.py`, "class Channel:\n    pass\n");
const child = Bun.spawn(
  [python, "-m", "pytest", "tests/integration", "-rA", "-p", "no:cacheprovider", ...selection],
  {
    cwd: copy,
    env: {
      ...engine.environment,
      DOCKER_TEST_API_VERSION: "1.51",
      PYTHONPATH: `${stubs}:.`,
      PYTHONDONTWRITEBYTECODE: "1",
    },
    stdio: ["ignore", "pipe", "inherit"],
  },
);
const output = await child.stdout.text();
console.error(output);
report(
  [...output.matchAll(/^(PASSED|FAILED|ERROR|SKIPPED) (?:\[\d+\] )?tests\/integration\/(\S+)/gm)].map(
    ([, verdict, name = ""]): Result => ({
      name,
      verdict: verdict === "PASSED" ? "PASS" : verdict === "SKIPPED" ? "SKIP" : "FAIL",
    }),
  ),
  baseline,
);
