import { contentTrust, unsupported } from "../flags/kinds.ts";

// Equal flags share one object. Every `tbox run` creates this table, and a function called once for each name would be
// compiled by a thread that delays the start.
const windows = unsupported("", { reason: "it applies to Windows only" });

/** Flags of `docker run` that tbox refuses by name. */
export const unsupportedContainerFlags = {
  "cpu-count": windows,
  "cpu-percent": windows,
  "device-cgroup-rule": unsupported("", {
    reason: "only root can set device rules; use --device for each device",
  }),
  "disable-content-trust": contentTrust,
  gpus: unsupported("", { reason: "use the device files: --device /dev/nvidia0" }),
  "io-maxbandwidth": windows,
  "io-maxiops": windows,
  isolation: unsupported("", { harmless: "default" }),
  "storage-opt": unsupported("", { reason: "only root can limit the size of a directory" }),
  "volume-driver": unsupported("", { harmless: "local", reason: "the only driver is local" }),
};
