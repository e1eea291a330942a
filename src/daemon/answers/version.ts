import { newestVersion, oldestVersion } from "../requests/api-version.ts";
import { architecture, version } from "../version.ts";

/** `GET /version`. */
export function shapeVersion(kernelVersion: string) {
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
