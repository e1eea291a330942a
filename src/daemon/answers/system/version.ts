import type { VersionAnswer } from "#api/answers/system.ts";
import { dockerVersion, newestVersion, oldestVersion } from "#api/versions.ts";
import { architecture, buildDate, commit, version } from "#support/version.ts";

/** Returns the answer of `GET /version`. */
export function shapeVersion(kernelVersion: string): VersionAnswer {
  return {
    Platform: { Name: "tbox" },
    Components: [
      {
        Name: "Engine",
        Version: dockerVersion,
        Details: {
          ApiVersion: newestVersion,
          Arch: architecture,
          BuildTime: buildDate,
          Experimental: "false",
          GitCommit: commit,
          KernelVersion: kernelVersion,
          MinAPIVersion: oldestVersion,
          Os: "linux",
        },
      },
      { Name: "tbox", Version: version, Details: { BuildTime: buildDate, GitCommit: commit } },
      { Name: "bun", Version: Bun.version, Details: {} },
    ],
    Version: dockerVersion,
    ApiVersion: newestVersion,
    MinAPIVersion: oldestVersion,
    Os: "linux",
    Arch: architecture,
    KernelVersion: kernelVersion,
    Bun: Bun.version,
    GitCommit: commit,
    GoVersion: "",
    BuildTime: buildDate,
  };
}
