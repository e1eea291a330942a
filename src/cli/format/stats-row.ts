import { asObjects, type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import type { Listing } from "./listing.ts";
import { binarySize, decimalSize } from "./size.ts";

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

/** What of a sample is not known is shown as Docker shows it. */
const unknown = "--";

/** A sample of `GET /containers/{id}/stats` as the fields of a listing, counted as Docker's client counts. */
export function statsRow(stats: JsonObject, truncate: boolean): Record<string, unknown> {
  const id = textAt(stats, "id");
  const shown = truncate ? id.slice(0, 12) : id;
  return {
    Container: shown,
    ID: shown,
    Name: textAt(stats, "name").replace(/^\//, ""),
    CPUPerc: processor(stats),
    ...memory(objectAt(stats, "memory_stats")),
    NetIO: network(stats),
    BlockIO: blocks(stats),
    PIDs: pids(objectAt(stats, "pids_stats")),
  };
}

function processor(stats: JsonObject): string {
  const now = objectAt(stats, "cpu_stats");
  const before = objectAt(stats, "precpu_stats");
  if (now.system_cpu_usage === undefined) return unknown;
  const used = (cpu: JsonObject) => numberAt(objectAt(cpu, "cpu_usage"), "total_usage");
  const spent = used(now) - used(before);
  const passed = numberAt(now, "system_cpu_usage") - numberAt(before, "system_cpu_usage");
  const share = passed > 0 && spent > 0 ? (spent / passed) * numberAt(now, "online_cpus") : 0;
  return percent(share);
}

function memory(stats: JsonObject): { MemUsage: string; MemPerc: string } {
  if (stats.usage === undefined) return { MemUsage: `${unknown} / ${unknown}`, MemPerc: unknown };
  // Files that nobody uses can be dropped at once: they are not counted.
  const inactive = numberAt(objectAt(stats, "stats"), "inactive_file");
  const usage = numberAt(stats, "usage");
  const used = inactive < usage ? usage - inactive : usage;
  const limit = numberAt(stats, "limit");
  return {
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    MemPerc: percent(limit > 0 ? used / limit : 0),
  };
}

function network(stats: JsonObject): string {
  const interfaces = Object.values(objectAt(stats, "networks"));
  const sum = (name: string) => asObjects(interfaces).reduce((all, one) => all + numberAt(one, name), 0);
  return `${decimalSize(sum("rx_bytes"), 3)} / ${decimalSize(sum("tx_bytes"), 3)}`;
}

function blocks(stats: JsonObject): string {
  const entries = objectAt(stats, "blkio_stats").io_service_bytes_recursive;
  if (!Array.isArray(entries)) return `${unknown} / ${unknown}`;
  const sum = (op: string) =>
    asObjects(entries)
      .filter((entry) => textAt(entry, "op").toLowerCase() === op)
      .reduce((all, entry) => all + numberAt(entry, "value"), 0);
  return `${decimalSize(sum("read"), 3)} / ${decimalSize(sum("write"), 3)}`;
}

function pids(stats: JsonObject): string {
  return stats.current === undefined ? unknown : String(numberAt(stats, "current"));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
