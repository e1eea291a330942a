import type { BlockStats, CpuStats, MemoryStats, StatsSample } from "#api/answers/container-stats.ts";
import type { Listing } from "./listing.ts";
import { binarySize, decimalSize } from "./size.ts";

/** Columns of `tbox stats`. */
export const statsListing: Listing = {
  headings: {
    Container: "CONTAINER",
    ID: "CONTAINER ID",
    Name: "NAME",
    CPUPerc: "CPU %",
    MemUsage: "MEM USAGE / LIMIT",
    MemPerc: "MEM %",
    NetIO: "NET I/O",
    BlockIO: "BLOCK I/O",
    PIDs: "PIDS",
  },
  columns: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
  quiet: "ID",
};

/** Text for an unknown value, as Docker prints it. */
const unknown = "--";

/** Returns the fields of a sample in a listing, calculated as Docker's client does. */
export function statsRow(stats: StatsSample, truncate: boolean): Record<string, unknown> {
  const { id } = stats;
  const shown = truncate ? id.slice(0, 12) : id;
  return {
    Container: shown,
    ID: shown,
    Name: stats.name.replace(/^\//, ""),
    CPUPerc: cpuShare(stats.cpu_stats, stats.precpu_stats),
    ...memoryUse(stats.memory_stats),
    NetIO: networkTraffic(stats),
    BlockIO: blockTraffic(stats.blkio_stats),
    PIDs: String(stats.pids_stats.current ?? unknown),
  };
}

function cpuShare(now: CpuStats, before: CpuStats): string {
  if (now.system_cpu_usage === undefined) return unknown;
  const spent = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = now.system_cpu_usage - (before.system_cpu_usage ?? 0);
  const share = passed > 0 && spent > 0 ? (spent / passed) * (now.online_cpus ?? 0) : 0;
  return percent(share);
}

function memoryUse({ usage, stats, limit = 0 }: MemoryStats): { MemUsage: string; MemPerc: string } {
  if (usage === undefined) return { MemUsage: `${unknown} / ${unknown}`, MemPerc: unknown };
  // The kernel can drop inactive file pages at any time, so they do not count.
  const inactive = stats?.inactive_file ?? 0;
  const used = inactive < usage ? usage - inactive : usage;
  return {
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    MemPerc: percent(limit > 0 ? used / limit : 0),
  };
}

function networkTraffic({ networks = {} }: StatsSample): string {
  const interfaces = Object.values(networks);
  const sum = (name: "rx_bytes" | "tx_bytes") => interfaces.reduce((all, one) => all + one[name], 0);
  return `${decimalSize(sum("rx_bytes"), 3)} / ${decimalSize(sum("tx_bytes"), 3)}`;
}

function blockTraffic({ io_service_bytes_recursive: entries }: BlockStats): string {
  if (!entries) return `${unknown} / ${unknown}`;
  const sum = (operation: string) =>
    entries.filter(({ op }) => op.toLowerCase() === operation).reduce((all, { value }) => all + value, 0);
  return `${decimalSize(sum("read"), 3)} / ${decimalSize(sum("write"), 3)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
