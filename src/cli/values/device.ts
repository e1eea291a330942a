/** An entry of `HostConfig.Devices`. */
export interface DeviceValue {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
}

/** Parses `--device`: `host[:container][:permissions]`. */
export function parseDevice(text: string): DeviceValue {
  if (/^[\w.-]+\/[\w.-]+=/.test(text)) {
    throw new Error(
      "devices of the Container Device Interface are not supported: use the path of the device file",
    );
  }
  const [host = "", second, third, ...more] = text.split(":");
  if (host === "" || more.length > 0) throw new Error(`invalid device specification: ${text}`);
  const isMode = (word: string | undefined) => word !== undefined && /^[rwm]{1,3}$/.test(word);
  const container = isMode(second) && third === undefined ? undefined : second;
  const permissions = third ?? (isMode(second) ? second : undefined) ?? "rwm";
  if (!isMode(permissions)) throw new Error(`invalid device mode: ${permissions}`);
  return { PathOnHost: host, PathInContainer: container || host, CgroupPermissions: permissions };
}
