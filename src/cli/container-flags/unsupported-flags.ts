import { unsupported, unsupportedBool } from "../flags/kinds.ts";

// One object for all that are alike: this table is made whenever a container is run, and a function that is
// called as often as there are names here gets compiled, by a thread that has to be started first.
const plain = unsupportedBool("");
const windows = unsupported("", { reason: "it is for Windows" });

/** Options of `docker run` that tbox does not have. Each is refused by its name. */
export const unsupportedContainerFlags = {
  "cpu-count": windows,
  "cpu-percent": windows,
  "device-cgroup-rule": unsupported("", {
    reason: "only root can make rules for devices; --device names those to have",
  }),
  "disable-content-trust": plain,
  gpus: unsupported("", { reason: "name the device files: --device /dev/nvidia0" }),
  "io-maxbandwidth": windows,
  "io-maxiops": windows,
  isolation: unsupported("", { harmless: "default" }),
  "storage-opt": unsupported("", { reason: "only root can limit how much a directory holds" }),
  "use-api-socket": plain,
  "volume-driver": unsupported("", { harmless: "local", reason: "there is only the driver local" }),
};
