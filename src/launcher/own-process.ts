import { readlinkSync, statSync } from "node:fs";
import type { CommandRequest } from "./command-request.ts";

/** What a launcher's process must have in common with the daemon, so that commands have the same result in both. */
export type Place = Pick<CommandRequest, "program" | "mountNamespace" | "userNamespace">;

/** Returns the place of this process. The running program counts, even if another one has replaced its file. */
export function ownPlace(): Place {
  const { dev, ino, size, mtimeNs } = statSync("/proc/self/exe", { bigint: true });
  const numbers = [major(dev), minor(dev), ino, size, mtimeNs / 1_000_000_000n, mtimeNs % 1_000_000_000n];
  return {
    program: numbers.map((number) => `${number} `).join(""),
    mountNamespace: readlinkSync("/proc/self/ns/mnt"),
    userNamespace: readlinkSync("/proc/self/ns/user"),
  };
}

/** Returns whether a command has the same result in both processes. Local times depend on the time zone. */
export function isSamePlace(request: CommandRequest, own: Place): boolean {
  return (
    request.program === own.program &&
    request.mountNamespace === own.mountNamespace &&
    request.userNamespace === own.userNamespace &&
    request.environment.TZ === process.env.TZ
  );
}

// makedev(3) in glibc: both numbers are spread over 64 bits.
function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
}

function minor(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
}
