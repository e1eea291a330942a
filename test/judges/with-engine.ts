import { startEngine } from "./support/engine.ts";
import { fakeRoot } from "./support/fake-root.ts";
import { programImage, standIn } from "./support/fixtures.ts";

/**
 * Runs a command of a client with DOCKER_HOST set to a new daemon, and ends with its exit status. `NAME` is an image with a
 * shell, `NAME=PROGRAM` an image of one static program; both are loaded, and served by a registry in place of Docker Hub. Usage:
 * `bun test/judges/with-engine.ts NAME[=PROGRAM]... -- COMMAND [ARGUMENT...]`
 */
const given = process.argv.slice(2);
const end = given.indexOf("--");
if (end < 1 || end === given.length - 1) {
  console.error("usage: bun test/judges/with-engine.ts NAME[=PROGRAM]... -- COMMAND [ARGUMENT...]");
  process.exit(2);
}
const images = given.slice(0, end).map((text) => {
  const [name = "", program] = text.split("=");
  return program === undefined ? standIn(name) : programImage(name, program);
});
await using engine = await startEngine(images);
// Clients that find /.dockerenv would look for the published ports at the address of the bridge; this root has no such file.
const prefix = fakeRoot(engine.environment.TMPDIR ?? "");
const child = Bun.spawn([...prefix, ...given.slice(end + 1)], {
  env: engine.environment,
  stdio: ["inherit", "inherit", "inherit"],
});
process.exitCode = await child.exited;
