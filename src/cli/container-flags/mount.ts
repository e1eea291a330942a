import { parseBytes } from "#support/bytes.ts";
import { splitFields } from "#support/fields.ts";
import { parseBool } from "../flags/kinds.ts";

/** A mount as the API takes it. */
export interface MountValue {
  Type: string;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: Record<string, unknown>;
  TmpfsOptions?: Record<string, unknown>;
  VolumeOptions?: Record<string, unknown>;
}

interface Draft {
  type: string;
  source?: string;
  target?: string;
  readOnly?: boolean;
  bind: Record<string, unknown>;
  tmpfs: Record<string, unknown>;
  volume: Record<string, unknown>;
}

/** The value of `--mount`: comma-separated `key=value` fields, quoted as in CSV where they hold a comma. */
export function parseMount(text: string): MountValue {
  const draft: Draft = { type: "volume", bind: {}, tmpfs: {}, volume: {} };
  for (const field of splitFields(text)) applyField(draft, field);
  const { type, source, target, readOnly, bind, tmpfs, volume } = draft;
  if (target === undefined || target === "") throw new Error("target is required");
  if (type !== "bind" && type !== "tmpfs" && type !== "volume")
    throw new Error(`mounts of type "${type}" are not supported yet`);
  if (type === "bind" && !source) throw new Error("source is required for a bind mount");
  if (type === "tmpfs" && source !== undefined) throw new Error("a tmpfs mount has no source");
  refuseForeign(type, "bind", bind);
  refuseForeign(type, "tmpfs", tmpfs);
  refuseForeign(type, "volume", volume);
  return {
    Type: type,
    Target: target,
    ...(source === undefined ? {} : { Source: source }),
    ...(readOnly === undefined ? {} : { ReadOnly: readOnly }),
    ...(isEmpty(bind) ? {} : { BindOptions: bind }),
    ...(isEmpty(tmpfs) ? {} : { TmpfsOptions: tmpfs }),
    ...(isEmpty(volume) ? {} : { VolumeOptions: volume }),
  };
}

function applyField(draft: Draft, field: string): void {
  const equals = field.indexOf("=");
  const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
  const value = equals === -1 ? undefined : field.slice(equals + 1);
  if (key === "readonly" || key === "ro") {
    draft.readOnly = flag(key, value);
    return;
  }
  if (key === "volume-nocopy") {
    draft.volume.NoCopy = flag(key, value);
    return;
  }
  if (key === "bind-nonrecursive") {
    draft.bind.NonRecursive = flag(key, value);
    return;
  }
  if (value === undefined) throw new Error(`invalid field '${field}' must be a key=value pair`);
  switch (key) {
    case "type":
      draft.type = value.toLowerCase();
      return;
    case "source":
    case "src":
      draft.source = value;
      return;
    case "target":
    case "dst":
    case "destination":
      draft.target = value;
      return;
    case "bind-propagation":
      draft.bind.Propagation = value.toLowerCase();
      return;
    case "bind-recursive":
      if (value === "readonly") {
        draft.bind.ReadOnlyForceRecursive = true;
        return;
      }
      if (value !== "enabled" && value !== "disabled") {
        throw new Error(`bind-recursive=${value} is not supported, use enabled, disabled or readonly`);
      }
      draft.bind.NonRecursive = value === "disabled";
      return;
    case "bind-create-src":
      draft.bind.CreateMountpoint = flag(key, value);
      return;
    case "volume-subpath":
      draft.volume.Subpath = value;
      return;
    case "volume-label": {
      const [name = "", ...rest] = value.split("=");
      draft.volume.Labels = { ...Object(draft.volume.Labels), [name]: rest.join("=") };
      return;
    }
    case "volume-opt": {
      const [name = "", ...rest] = value.split("=");
      const options = { ...Object(Object(draft.volume.DriverConfig).Options), [name]: rest.join("=") };
      draft.volume.DriverConfig = { ...Object(draft.volume.DriverConfig), Options: options };
      return;
    }
    case "volume-driver":
      draft.volume.DriverConfig = { ...Object(draft.volume.DriverConfig), Name: value };
      return;
    case "tmpfs-size":
      draft.tmpfs.SizeBytes = checked(key, value, parseBytes);
      return;
    case "tmpfs-mode":
      draft.tmpfs.Mode = checked(key, value, parseMode);
      return;
    case "consistency":
      if (["default", "consistent", "cached", "delegated"].includes(value)) return;
      throw new Error(`invalid value for consistency: ${value}`);
    default:
      throw new Error(`unexpected key '${key}' in '${field}'`);
  }
}

function flag(key: string, value: string | undefined): boolean {
  return value === undefined || checked(key, value, parseBool);
}

function checked<T>(key: string, value: string, parse: (text: string) => T): T {
  try {
    return parse(value);
  } catch {
    throw new Error(`invalid value for ${key}: ${value}`);
  }
}

function parseMode(text: string): number {
  if (!/^[0-7]{1,5}$/.test(text)) throw new Error("not an octal number");
  return Number.parseInt(text, 8);
}

function refuseForeign(type: string, of: string, options: Record<string, unknown>): void {
  if (type !== of && !isEmpty(options))
    throw new Error(`cannot mix ${of} options with a mount of type ${type}`);
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
