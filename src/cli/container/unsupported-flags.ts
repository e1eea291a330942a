import { unsupported, unsupportedBool } from "../flags/kinds.ts";

// One object for all that are alike: this table is made whenever a container is run, and a function that is
// called as often as there are names here gets compiled, by a thread that has to be started first.
const value = unsupported("");
const plain = unsupportedBool("");

/** Options of `docker run` that tbox does not have yet. Each is refused by its name. */
export const unsupportedContainerFlags = {
  cgroupns: unsupported("", { harmless: "private" }),
  "cpu-count": value,
  "cpu-percent": value,
  device: value,
  "device-cgroup-rule": value,
  "disable-content-trust": plain,
  gpus: value,
  "io-maxbandwidth": value,
  "io-maxiops": value,
  ipc: unsupported("", { harmless: "private" }),
  isolation: unsupported("", { harmless: "default" }),
  pid: value,
  runtime: value,
  "storage-opt": value,
  sysctl: value,
  "use-api-socket": plain,
  uts: value,
  "volume-driver": value,
};
