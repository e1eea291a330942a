import { type Outcome, type ProgramOptions, runProgram } from "#test/support/program.ts";

/** Reason why the docker CLI cannot be used here; undefined when it can. */
export const dockerUnavailable: string | undefined = Bun.which("docker")
  ? undefined
  : "docker is not installed";

/** Runs the docker CLI against a socket, without the user's configuration. */
export function docker(
  socket: string,
  args: string[],
  { environment = {}, ...options }: ProgramOptions = {},
): Promise<Outcome> {
  return runProgram(["docker", ...args], {
    ...options,
    environment: {
      PATH: process.env.PATH ?? "",
      HOME: "/nonexistent",
      DOCKER_CONFIG: "/nonexistent/docker",
      DOCKER_HOST: `unix://${socket}`,
      ...environment,
    },
  });
}
