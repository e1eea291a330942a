/** Reason why `docker buildx` cannot be used; Debian has the package docker-buildx from 13 on. */
export const buildxUnavailable: string | undefined =
  Bun.which("docker") && Bun.spawnSync(["docker", "buildx", "version"]).exitCode === 0
    ? undefined
    : "docker buildx is not installed";
