import { existsSync, readFileSync, statSync } from "node:fs";
import { repository } from "./repository.ts";

/** Reason why tests of the helper cannot run here; undefined when they can. */
export const helperUnavailable: string | undefined = findObstacle(["tbox-helper", "tbox.node"]);

/** Reason why tests of the whole program cannot run here; undefined when they can. */
export const programUnavailable: string | undefined =
  helperUnavailable ?? findObstacle(["tbox", "tbox-main", "hello"]);

/** Whether the user who runs the tests has subordinate ids: without them only id 0 exists in a container. */
export const hasRanges: boolean = ["/etc/subuid", "/etc/subgid"].every(hasRange);

function findObstacle(files: string[]): string | undefined {
  if (process.getuid?.() === 0) return "the tests run as root: scripts/test runs them as an ordinary user";
  const missing = files.find((name) => !existsSync(`${repository}/dist/${name}`));
  return missing === undefined ? undefined : `dist/${missing} is not built`;
}

refuseStaleProgram();

/** Throws when a source is newer than the last build: the tests would run an old program. */
function refuseStaleProgram(): void {
  const stamp = `${repository}/dist/.built`;
  if (!existsSync(stamp)) return;
  const built = statSync(stamp).mtimeMs;
  const sources = new Bun.Glob("{src/**/*.ts,native/crates/**/*.rs,package.json}").scanSync(repository);
  for (const source of sources) {
    if (source.endsWith(".test.ts") || statSync(`${repository}/${source}`).mtimeMs <= built) continue;
    throw new Error(`dist/ is older than ${source}: run npm run build`);
  }
}

/** Reads the name from /etc/passwd, because the environment may lack it or contain another one. */
function nameOf(uid: number): string | undefined {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return lines.map((line) => line.split(":")).find((fields) => fields[2] === String(uid))?.[0];
}

function hasRange(file: string): boolean {
  const uid = process.getuid?.() ?? 0;
  const username = nameOf(uid);
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`));
}
