import { parseBytes } from "#support/bytes.ts";
import { bool, integer, listOf, parsed, text } from "../flags/kinds.ts";
import { parseCpus, parseDeviceRate, parseDeviceWeight, parseSwap } from "../values/resources.ts";

const bytes = { valueName: "bytes" };

/** Limits that `run`, `create` and `update` set. */
export const resourceFlags = {
  "blkio-weight": integer("Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
  "cpu-period": integer("Limit CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": integer("Limit CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-rt-period": integer("Limit CPU real-time period in microseconds", { hidden: true }),
  "cpu-rt-runtime": integer("Limit CPU real-time runtime in microseconds", { hidden: true }),
  "cpu-shares": integer("CPU shares (relative weight)", { short: "c" }),
  cpus: parsed("Number of CPUs", parseCpus, { valueName: "decimal" }),
  "cpuset-cpus": text("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": text("MEMs in which to allow execution (0-3, 0,1)"),
  "kernel-memory": parsed("Kernel memory limit", parseBytes, { ...bytes, hidden: true }),
  memory: parsed("Memory limit", parseBytes, { short: "m", ...bytes }),
  "memory-reservation": parsed("Memory soft limit", parseBytes, bytes),
  "memory-swap": parsed(
    "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
    parseSwap,
    bytes,
  ),
  "pids-limit": integer("Limit of processes and threads (-1 for unlimited)"),
};

/** Limits that only `run` and `create` set. */
export const deviceRateFlags = {
  "blkio-weight-device": listOf("Block IO weight (relative device weight)", parseDeviceWeight),
  "device-read-bps": listOf("Limit read rate (bytes per second) from a device", parseDeviceRate("bytes")),
  "device-read-iops": listOf("Limit read rate (IO per second) from a device", parseDeviceRate("operations")),
  "device-write-bps": listOf("Limit write rate (bytes per second) to a device", parseDeviceRate("bytes")),
  "device-write-iops": listOf("Limit write rate (IO per second) to a device", parseDeviceRate("operations")),
  "memory-swappiness": integer("Tune container memory swappiness (0 to 100)", { hidden: true }),
  "oom-kill-disable": bool("Disable OOM Killer", { hidden: true }),
};
