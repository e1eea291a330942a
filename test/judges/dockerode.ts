import { z } from "zod";
import { judgeArguments } from "./support/arguments.ts";
import { startEngine } from "./support/engine.ts";
import { standIn } from "./support/fixtures.ts";
import { type Result, report } from "./support/report.ts";

/**
 * Runs the tests of a copy of dockerode's repository, with its packages installed, except those of Swarm, plugins and
 * BuildKit. Usage: `bun test/judges/dockerode.ts COPY [FILE...]`
 */
const { positions, baseline } = judgeArguments("bun test/judges/dockerode.ts COPY [FILE...]", 1);
const [copy = "", ...wanted] = positions;
const names = wanted.length > 0 ? wanted : ["container", "docker", "image", "networks", "promises", "util"];
const outcome = z.object({ fullTitle: z.string() });
const outcomes = z.object({
  passes: z.array(outcome),
  failures: z.array(outcome.extend({ err: z.object({ message: z.string().optional() }) })),
  pending: z.array(outcome),
});

await using engine = await startEngine(
  ["ubuntu:latest", "alpine:latest", "busybox:latest", "hello-world:latest"].map((name) => standIn(name)),
);
const results: Result[] = [];
for (const name of names) {
  await engine.load();
  const command = [
    "node_modules/.bin/mocha",
    "--timeout",
    "30000",
    "-R",
    "json",
    "--exit",
    `test/${name}.js`,
  ];
  // The suite uses DOCKER_HOST only if its own variable names no socket.
  const environment = { ...engine.environment, DOCKER_SOCKET: "/nonexistent" };
  const child = Bun.spawn(command, { cwd: copy, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const output = await child.stdout.text();
  const start = output.search(/^\{$/m);
  if (start < 0) throw new Error(`${name}: no result in:\n${output}`);
  const { passes, failures, pending } = outcomes.parse(JSON.parse(output.slice(start)));
  for (const { fullTitle, err } of failures) console.error(`${fullTitle}: ${err.message}`);
  const as = (verdict: Result["verdict"]) => (test: z.infer<typeof outcome>) => ({
    name: test.fullTitle,
    verdict,
  });
  results.push(...passes.map(as("PASS")), ...failures.map(as("FAIL")), ...pending.map(as("SKIP")));
}
report(results, baseline);
