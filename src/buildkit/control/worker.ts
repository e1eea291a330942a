import { hostPlatform } from "#oci/platform.ts";
import type { Decoded } from "../protocol/schema.ts";
import type { workerRecord } from "../protocol/worker.ts";

/**
 * Version that clients see. They compare it with the version in which BuildKit got a feature; features are announced as
 * capabilities, too.
 */
export const buildkitVersion = {
  package: "github.com/moby/buildkit",
  version: "v0.25.0",
  revision: "tbox",
  dockerfileVersion: "1.19",
};

/** Label with the address that clients put in place of `host-gateway`. */
const gatewayLabel = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";

/**
 * Label by which clients recognize an image store that has several platforms, attestations, archives, exported caches and
 * direct pushes. Its value has no meaning.
 */
const storeLabel = "org.mobyproject.buildkit.worker.snapshotter";

/** Describes the only worker: this machine. */
export function describeWorker(hostGateway: string | undefined): Partial<Decoded<typeof workerRecord>> {
  const { os, architecture, variant = "" } = hostPlatform();
  return {
    id: "tbox",
    labels: new Map([
      ["org.mobyproject.buildkit.worker.executor", "tbox"],
      [storeLabel, "tbox"],
      ...(hostGateway === undefined ? [] : [[gatewayLabel, hostGateway] as const]),
    ]),
    platforms: [{ os, architecture, variant }],
    version: buildkitVersion,
  };
}
