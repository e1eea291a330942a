import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { FailureError } from "#native/addon/failure.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { ContainerRecords } from "../state/container-records.ts";

const accessDenied = 13;
const inUse = 98;
const notAvailable = 99;

/**
 * Converts a failed publication of a port into an error that gives the reason and, if known, the process that uses the
 * port.
 */
export function explainPortFailure(records: ContainerRecords, error: unknown): unknown {
  if (!(error instanceof FailureError) || error.failure.step !== "publish") return error;
  const { subject = "", errno } = error.failure;
  const [, port = ""] = /:(\d+)$/.exec(subject) ?? [];
  switch (errno) {
    case inUse: {
      const owner = containerOn(records.all(), Number(port)) ?? processOn(Number(port));
      const by = owner === undefined ? "" : ` by ${owner}`;
      return new TboxError("internal", `Bind for ${subject} failed: port is already allocated${by}`);
    }
    case accessDenied:
      return new TboxError(
        "forbidden",
        `Bind for ${subject} failed: ports below ${firstUnprivilegedPort()} are privileged: publish a higher port, or run: sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
      );
    case notAvailable:
      return invalidArgument(`Bind for ${subject} failed: this machine has no such address`);
    default:
      return error;
  }
}

function firstUnprivilegedPort(): string {
  try {
    return readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8").trim();
  } catch {
    return "1024";
  }
}

function containerOn(all: ContainerRecord[], port: number): string | undefined {
  const owner = all.find(({ network }) => network?.ports?.some(({ hostPort }) => hostPort === port));
  return owner === undefined ? undefined : `container ${owner.name}`;
}

/** Finds the process that uses a port. Only processes of the same user are visible. */
function processOn(port: number): string | undefined {
  const sockets = ["tcp", "tcp6", "udp", "udp6"].flatMap((table) => socketsOn(table, port));
  if (sockets.length === 0) return undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        if (!sockets.includes(readlinkSync(`/proc/${pid}/fd/${descriptor}`))) continue;
        return `process ${pid} (${readFileSync(`/proc/${pid}/comm`, "utf8").trim()})`;
      }
    } catch {
      // The process has ended, or belongs to another user.
    }
  }
  return undefined;
}

/** Returns `socket:[inode]` for each socket bound to a port. */
function socketsOn(table: string, port: number): string[] {
  try {
    const lines = readFileSync(`/proc/net/${table}`, "utf8").trim().split("\n").slice(1);
    return lines.flatMap((line) => {
      const [, local = "", , , , , , , , inode = ""] = line.trim().split(/\s+/);
      return Number.parseInt(local.split(":")[1] ?? "", 16) === port ? [`socket:[${inode}]`] : [];
    });
  } catch {
    return [];
  }
}
