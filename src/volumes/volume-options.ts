import { invalidArgument, TboxError } from "#support/errors.ts";

/** Directory of the host that backs a volume. */
export interface BoundVolume {
  path: string;
  readonly: boolean;
}

/** Storage of a volume outside the store; empty for a volume with a directory in the store. */
export interface VolumeBacking {
  bound?: BoundVolume;
  /** Mount options of a tmpfs, which exists only while a container has mounted the volume. */
  memory?: string;
}

const known = ["type", "o", "device", "size"];

/** Parses the options of Docker's driver `local`. */
export function parseVolumeOptions(options: Record<string, string>): VolumeBacking {
  if (Object.keys(options).length === 0) return {};
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalidArgument(`invalid option: "${unknown}"`);
  const { type = "", o = "", device = "", size } = options;
  if (size !== undefined) {
    throw refused('option "size" is not supported: limiting a volume\'s size needs root; use a tmpfs mount');
  }
  if (device === "") throw invalidArgument(`missing required option: "device"`);
  const words = o.split(",").filter((word) => word !== "");
  const binds = words.includes("bind") || words.includes("rbind");
  if (type === "" && !binds) throw invalidArgument(`missing required option: "type"`);
  if (!binds && type === "tmpfs") return { memory: o };
  if (!binds) {
    throw refused(
      `type ${type}: only root can mount it: mount it on the host, and bind it: type=none, o=bind`,
    );
  }
  const unsupported = words.find((word) => !["bind", "rbind", "ro", "rw"].includes(word));
  if (unsupported !== undefined) throw refused(`o=${o}: ${unsupported} is not supported with a bind`);
  if (!device.startsWith("/"))
    throw invalidArgument(`device ${JSON.stringify(device)} must be an absolute path`);
  return { bound: { path: device, readonly: words.includes("ro") } };
}

function refused(message: string): TboxError {
  return new TboxError("not-implemented", message);
}
