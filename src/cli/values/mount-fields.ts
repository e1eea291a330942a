import { parseBytes } from "#support/bytes.ts";
import { parseBool } from "../flags/kinds.ts";

/** A mount while its fields are read. */
export interface MountDraft {
  type: string;
  source?: string;
  target?: string;
  readOnly?: boolean;
  bind: Record<string, unknown>;
  tmpfs: Record<string, unknown>;
  image: Record<string, unknown>;
  volume: Record<string, unknown> & { Labels?: object; DriverConfig?: { Name?: string; Options?: object } };
}

/** Applies a field, `key=value` or a switch, to the draft. */
export function applyMountField(draft: MountDraft, field: string): void {
  const equals = field.indexOf("=");
  const spelling = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
  const key = synonyms.get(spelling) ?? spelling;
  const value = equals === -1 ? undefined : field.slice(equals + 1);
  const applySwitch = switches[key];
  if (applySwitch !== undefined) {
    applySwitch(draft, value === undefined || checked(spelling, value, parseBool));
    return;
  }
  if (value === undefined) throw new Error(`invalid field '${field}' must be a key=value pair`);
  const apply = fields[key];
  if (apply === undefined) throw new Error(`unexpected key '${spelling}' in '${field}'`);
  apply(draft, value);
}

const synonyms = new Map([
  ["src", "source"],
  ["dst", "target"],
  ["destination", "target"],
  ["ro", "readonly"],
]);

type Table<Value> = Record<string, ((draft: MountDraft, value: Value) => void) | undefined>;

/** Fields that may stand without a value. */
const switches: Table<boolean> = Object.assign(Object.create(null), {
  readonly: (draft, value) => {
    draft.readOnly = value;
  },
  "bind-nonrecursive": ({ bind }, value) => {
    bind.NonRecursive = value;
  },
  "volume-nocopy": ({ volume }, value) => {
    volume.NoCopy = value;
  },
} satisfies Table<boolean>);

const fields: Table<string> = Object.assign(Object.create(null), {
  type: (draft, value) => {
    draft.type = value.toLowerCase();
  },
  source: (draft, value) => {
    draft.source = value;
  },
  target: (draft, value) => {
    draft.target = value;
  },
  "bind-propagation": ({ bind }, value) => {
    bind.Propagation = value.toLowerCase();
  },
  "bind-recursive": ({ bind }, value) => {
    if (value === "readonly") bind.ReadOnlyForceRecursive = true;
    else if (value === "enabled" || value === "disabled") bind.NonRecursive = value === "disabled";
    else throw new Error(`bind-recursive=${value} is not supported, use enabled, disabled or readonly`);
  },
  "bind-create-src": ({ bind }, value) => {
    bind.CreateMountpoint = checked("bind-create-src", value, parseBool);
  },
  "volume-subpath": ({ volume }, value) => {
    volume.Subpath = value;
  },
  "image-subpath": ({ image }, value) => {
    image.Subpath = value;
  },
  "volume-label": ({ volume }, value) => {
    volume.Labels = { ...volume.Labels, ...entry(value) };
  },
  "volume-opt": ({ volume }, value) => {
    const { DriverConfig: driver } = volume;
    volume.DriverConfig = { ...driver, Options: { ...driver?.Options, ...entry(value) } };
  },
  "volume-driver": ({ volume }, value) => {
    volume.DriverConfig = { ...volume.DriverConfig, Name: value };
  },
  "tmpfs-size": ({ tmpfs }, value) => {
    tmpfs.SizeBytes = checked("tmpfs-size", value, parseBytes);
  },
  "tmpfs-mode": ({ tmpfs }, value) => {
    tmpfs.Mode = checked("tmpfs-mode", value, parseMode);
  },
  consistency: (_draft, value) => {
    // Docker ignores the consistency on Linux.
    if (["default", "consistent", "cached", "delegated"].includes(value)) return;
    throw new Error(`invalid value for consistency: ${value}`);
  },
} satisfies Table<string>);

/** Splits `name=value` into an object with one member. */
function entry(text: string): Record<string, string> {
  const [name = "", ...rest] = text.split("=");
  return { [name]: rest.join("=") };
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
