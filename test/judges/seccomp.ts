import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";

/**
 * Compares the default seccomp profile with Docker's, on both architectures and for each capability. Usage:
 * `bun test/judges/seccomp.ts FILE|GIT_DIRECTORY`: `seccomp/default.json` of github.com/moby/profiles, or a clone of that
 * repository.
 */
const [source] = process.argv.slice(2);
if (source === undefined) {
  console.error("usage: bun test/judges/seccomp.ts FILE|GIT_DIRECTORY");
  process.exit(2);
}

using directory = temporaryDirectory("seccomp");
const profile = `${directory.path}/default.json`;
await Bun.write(profile, source.endsWith(".json") ? Bun.file(source) : shown(source));
const command =
  "cargo test --quiet --manifest-path native/Cargo.toml -p seccomp --test docker -- --nocapture";
const { exitCode } = Bun.spawnSync(command.split(" "), {
  cwd: repository,
  env: { ...process.env, TBOX_DOCKER_PROFILE: profile },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exitCode = exitCode;

function shown(gitDirectory: string): Uint8Array {
  const git = ["git", `--git-dir=${gitDirectory}`, "show", "HEAD:seccomp/default.json"];
  const { exitCode, stdout, stderr } = Bun.spawnSync(git);
  if (exitCode !== 0) throw new Error(`${git.join(" ")}: ${stderr}`);
  return stdout;
}
