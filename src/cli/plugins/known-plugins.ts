/** Plugins in help and completion, with their packages. */
export const knownPlugins: Readonly<Record<string, { summary: string; package: string }>> = {
  buildx: { summary: "Run Docker's plugin buildx, if it is installed", package: "docker-buildx-plugin" },
  compose: { summary: "Run Docker's plugin compose, if it is installed", package: "docker-compose-plugin" },
};
