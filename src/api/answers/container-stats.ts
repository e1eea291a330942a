/**
 * An object of `GET /containers/{id}/stats`. Times are in nanoseconds, sizes in bytes; values without a cgroup
 * controller are absent or 0.
 */
export interface StatsSample {
  /** With a leading slash. */
  name: string;
  id: string;
  /** RFC 3339; `0001-01-01T00:00:00Z` for a container that does not run. */
  read: string;
  /** Time of the sample in `precpu_stats`. */
  preread: string;
  pids_stats: { current?: number; limit?: number };
  blkio_stats: BlockStats;
  num_procs: number;
  storage_stats: object;
  cpu_stats: CpuStats;
  /** The previous sample. */
  precpu_stats: CpuStats;
  memory_stats: MemoryStats;
  /** Traffic by interface of the container. */
  networks?: Record<string, InterfaceStats>;
  /** tbox's own addition: pressure stall information by resource. */
  Tbox?: { Pressure: Record<string, PressureStats> };
}

/** Processor time. */
export interface CpuStats {
  cpu_usage: { total_usage: number; usage_in_kernelmode: number; usage_in_usermode: number };
  /** Time of the whole machine. */
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

/** Memory in bytes; empty without the memory controller. */
export interface MemoryStats {
  usage?: number;
  /** Fields of the kernel's `memory.stat`. */
  stats?: Record<string, number>;
  /** Number of times that the limit was reached. */
  failcnt?: number;
  limit?: number;
}

/** Traffic of block devices; null without the io controller. */
export interface BlockStats {
  io_service_bytes_recursive: BlockEntry[] | null;
  io_serviced_recursive: BlockEntry[] | null;
  io_queue_recursive: null;
  io_service_time_recursive: null;
  io_wait_time_recursive: null;
  io_merged_recursive: null;
  io_time_recursive: null;
  sectors_recursive: null;
}

/** One counter of one block device. */
export interface BlockEntry {
  major: number;
  minor: number;
  op: string;
  value: number;
}

/** Counters of a network interface. */
export interface InterfaceStats {
  rx_bytes: number;
  rx_packets: number;
  rx_errors: number;
  rx_dropped: number;
  tx_bytes: number;
  tx_packets: number;
  tx_errors: number;
  tx_dropped: number;
}

/** Percentages of the last 10, 60 and 300 seconds, and microseconds in total, by `some` and `full`. */
export type PressureStats = Record<string, { avg10: number; avg60: number; avg300: number; total: number }>;
