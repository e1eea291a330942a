import { readdirSync } from "node:fs";
import { printed } from "#test/support/program.ts";
import { judgeArguments } from "./support/arguments.ts";
import { startEngine } from "./support/engine.ts";
import { fakeRoot } from "./support/fake-root.ts";
import { goTests } from "./support/go-tests.ts";
import { mobyImages } from "./support/moby.ts";
import { type Result, report } from "./support/report.ts";

/**
 * Runs moby's `integration` tests: a folder with `PACKAGE.test` each, beside a copy of the sources. Each test has a process of
 * its own, because a test that starts dockerd ends the process. Usage:
 * `bun test/judges/moby-integration.ts BINARIES COPY [PACKAGE[/TEST]...]`
 */
const usage = "bun test/judges/moby-integration.ts BINARIES COPY [PACKAGE[/TEST]...]";
const { positions, baseline } = judgeArguments(usage, 2);
const [binaries = "", copy = "", ...wanted] = positions;
const every = readdirSync(binaries).map((name) => name.replace(/\.test$/, ""));

const results: Result[] = [];
for (const one of wanted.length > 0 ? wanted : every) {
  const [name = "", test] = one.split("/");
  await using engine = await startEngine(mobyImages());
  const cwd = `${copy}/integration/${name}`;
  const binary = `${binaries}/${name}.test`;
  const prefix = fakeRoot(engine.environment.TMPDIR ?? "");
  const environment = { ...engine.environment, DOCKER_ROOTLESS: "", DOCKER_REMOTE_DAEMON: "" };
  const listed = await printed([binary, "-test.list=."], { cwd, environment });
  const tests = test === undefined ? listed.split("\n").filter((line) => line.startsWith("Test")) : [test];
  const found: Result[] = [];
  for (const run of tests) {
    const verdicts = await goTests({ prefix, binary, run: `^${run}$`, cwd, environment, patience: 90 });
    found.push(summary(`${name}/${run}`, verdicts));
  }
  console.log(`${name}: ${found.filter(({ verdict }) => verdict === "PASS").length} of ${found.length}`);
  results.push(...found);
}
report(results, baseline);

/** Returns one verdict for a test and its subtests. */
function summary(name: string, verdicts: Result[]): Result {
  if (verdicts.length === 0 || verdicts.some(({ verdict }) => verdict === "FAIL"))
    return { name, verdict: "FAIL" };
  return { name, verdict: verdicts.every(({ verdict }) => verdict === "SKIP") ? "SKIP" : "PASS" };
}
