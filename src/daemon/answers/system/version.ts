import type { VersionAnswer } from "#api/answers/system.ts";
import { newestVersion, oldestVersion } from "#api/versions.ts";
import { architecture, version } from "#support/version.ts";

/** Returns the answer of `GET /version`. */
export function shapeVersion(kernelVersion: string): VersionAnswer {
  return {
    Platform: { Name: "tbox" },
    Components: [
      {
        Name: "Engine",
        Version: version,
        Details: {
          ApiVersion: newestVersion,
          Arch: architecture,
          Experimental: "false",
          KernelVersion: kernelVersion,
          MinAPIVersion: oldestVersion,
          Os: "linux",
        },
      },
      { Name: "bun", Version: Bun.version, Details: {} },
    ],
    Version: version,
    ApiVersion: newestVersion,
    MinAPIVersion: oldestVersion,
    Os: "linux",
    Arch: architecture,
    KernelVersion: kernelVersion,
    Bun: Bun.version,
    GitCommit: "",
    GoVersion: "",
    BuildTime: "",
  };
}
