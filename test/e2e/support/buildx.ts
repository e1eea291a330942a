import type { TestDaemon } from "#test/support/daemon.ts";
import { docker as runDocker } from "#test/support/docker.ts";
import type { Outcome, ProgramOptions } from "#test/support/program.ts";
import { type ContextFiles, writeContext } from "./build.ts";

/** Reason why `docker buildx` cannot be used; `scripts/setup test` installs it. */
export const buildxUnavailable: string | undefined = pluginUnavailable("buildx");

/** Reason why `docker compose` cannot be used. */
export const composeUnavailable: string | undefined = pluginUnavailable("compose");

function pluginUnavailable(name: string): string | undefined {
  if (Bun.which("docker") && Bun.spawnSync(["docker", name, "version"]).exitCode === 0) return undefined;
  return `docker ${name} is not installed`;
}

/** Docker's command line with buildx, against a test's daemon. */
export interface Buildx {
  docker(args: string[], options?: ProgramOptions): Promise<Outcome>;
  /** Builds a Dockerfile with the given files in its context. */
  build(dockerfile: string, files: ContextFiles, ...options: string[]): Promise<Outcome>;
  /** Builds like `build` and returns what buildx prints; throws when it fails. */
  built(dockerfile: string, files: ContextFiles, ...options: string[]): Promise<string>;
}

export function openBuildx(daemon: TestDaemon): Buildx {
  const docker: Buildx["docker"] = (args, options = {}) =>
    runDocker(daemon.socket, args, {
      ...options,
      // buildx writes to the directory of the configuration.
      environment: { DOCKER_CONFIG: `${daemon.environment.HOME}/docker`, ...options.environment },
    });
  const build: Buildx["build"] = async (dockerfile, files, ...options) => {
    using context = writeContext({ Dockerfile: dockerfile, ...files });
    return await docker(["build", "--progress", "plain", ...options, context.path]);
  };
  return {
    docker,
    build,
    async built(...given) {
      const { code, stderr } = await build(...given);
      if (code !== 0) throw new Error(stderr);
      return stderr;
    },
  };
}
