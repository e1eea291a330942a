import { accessSync, constants, type Dirent, readdirSync, type Stats, statSync } from "node:fs";
import type { Mount } from "#native/protocol/launch.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { DeviceRequest } from "./create-request.ts";

/**
 * Plans the mounts of devices of the host. A program gets the access to a device that the user has, because only root
 * can restrict reading, writing and mknod separately.
 */
export function planDevices(devices: DeviceRequest[] = []): Mount[] {
  return devices.map(({ PathOnHost, PathInContainer, CgroupPermissions = "rwm" }) => {
    const target = PathInContainer || PathOnHost;
    if (!PathOnHost.startsWith("/") || !target.startsWith("/")) {
      throw invalidArgument(`invalid device ${PathOnHost}:${target}: both paths must be absolute`);
    }
    if (!/^[rwm]{1,3}$/.test(CgroupPermissions))
      throw invalidArgument(`invalid device mode: ${CgroupPermissions}`);
    if (!CgroupPermissions.includes("r") || !CgroupPermissions.includes("w")) {
      throw invalidArgument(
        `device ${PathOnHost}: only root can restrict access to a device: use rw or rwm instead of ${CgroupPermissions}`,
      );
    }
    return { type: "device", source: PathOnHost, target };
  });
}

/** Checks that devices exist and that the user can open them. Returns warnings. */
export function checkDevices(devices: DeviceRequest[] = []): string[] {
  return devices.flatMap(({ PathOnHost: path }) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found)
      throw invalidArgument(`error gathering device information: ${path}: no such file or directory`);
    if (!isDevice(found) && !(found.isDirectory() && hasDevices(path))) {
      const doing = `error gathering device information while adding custom device ${JSON.stringify(path)}`;
      throw invalidArgument(`${doing}: not a device node`);
    }
    if (found.isDirectory()) return [];
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch {
      const fix = `sudo setfacl -m "u:$USER:rw" ${path}`;
      throw new TboxError(
        "forbidden",
        `device ${path}: permission denied for the user of the daemon: ${fix}`,
      );
    }
    const accessibleToOthers = (found.mode & 0o006) === 0o006 || found.uid === process.getuid?.();
    if (accessibleToOthers) return [];
    return [
      `device ${path} may be accessible to its group only, and programs in the container are not in the group. ` +
        `If access is denied there: sudo setfacl -m "u:$USER:rw" ${path}`,
    ];
  });
}

function isDevice(entry: Stats | Dirent): boolean {
  return entry.isCharacterDevice() || entry.isBlockDevice();
}

/** Returns whether a directory contains a device, at any depth that the user can read. */
function hasDevices(directory: string): boolean {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return false;
  }
  return entries.some(
    (entry) => isDevice(entry) || (entry.isDirectory() && hasDevices(`${directory}/${entry.name}`)),
  );
}
