import { readlinkSync, statSync } from "node:fs";
import type { CommandRequest } from "./command-request.ts";

/** Properties that a launcher's process must share with the daemon, so that commands have the same result in both. */
export type Place = Pick<CommandRequest, "program" | "mountNamespace" | "userNamespace">;

/** Returns the properties of this process. The program is the running one, even if its file was replaced. */
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

// glibc spreads both numbers over 64 bits: see makedev(3).
function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
}

function minor(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
}
