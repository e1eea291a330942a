import { type Outcome, type ProgramOptions, runProgram } from "#test/support/program.ts";

/** Why docker's own client cannot be used here; nothing when it can. */
export const dockerUnavailable: string | undefined = Bun.which("docker")
  ? undefined
  : "docker is not installed";

/** Runs docker's client against a socket, with nothing of the user's configuration. */
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
