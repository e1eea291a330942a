import { parseBoolean } from "#support/boolean.ts";
import { parseBytes } from "#support/bytes.ts";
import { errorChain, invalidArgument } from "#support/errors.ts";
import { splitFields } from "#support/fields.ts";
import { suggestion } from "#support/nearest.ts";

const types = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const sharings = ["shared", "private", "locked"] as const;

/** A `--mount` of RUN. Mode, uid and gid apply to the secret files and cache directories that the mount creates. */
export interface RunMount {
  type: (typeof types)[number];
  from: string;
  source: string;
  target: string;
  readOnly: boolean;
  /** Size of a tmpfs in bytes; 0 for no limit. */
  size: number;
  id: string;
  sharing: (typeof sharings)[number];
  required: boolean;
  /** Environment variable for a secret. */
  env?: string;
  mode?: number;
  uid?: number;
  gid?: number;
}

const keys =
  "type from source src target dst destination readonly ro readwrite rw required size id sharing mode uid gid env".split(
    " ",
  );

/** Returns the stage or image in `from`; undefined means the context. */
export function mountSource(text: string): string | undefined {
  const found = splitPairs(text).find(({ key }) => key === "from")?.value;
  if (found !== undefined && /\$./.test(found)) {
    throw invalidArgument("'from' doesn't support variable expansion, define alias stage instead");
  }
  return found;
}

/** Parses a mount; `expand` expands the variables of a value. */
export function parseRunMount(text: string, expand: (value: string) => string): RunMount {
  const draft: Draft = { type: "bind" };
  for (const { key, value, field } of splitPairs(text)) {
    apply(draft, key, value === undefined ? undefined : expand(value), field);
  }
  return finish(draft);
}

interface Draft extends Partial<RunMount> {
  type: RunMount["type"];
}

function apply(draft: Draft, key: string, value: string | undefined, field: string): void {
  if (key === "readonly" || key === "ro" || key === "readwrite" || key === "rw") {
    const on = value === undefined || readSwitch(key, value);
    draft.readOnly = key.startsWith("readw") || key === "rw" ? !on : on;
    return;
  }
  if (key === "required") {
    requireType(draft, key, ["secret", "ssh"]);
    draft.required = value === undefined || readSwitch(key, value);
    return;
  }
  if (value === undefined) throw invalidArgument(`invalid field '${field}' must be a key=value pair`);
  switch (key) {
    case "type":
      draft.type = oneOf(types, value, "mount type");
      return;
    case "from":
      draft.from = value;
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
    case "size":
      requireType(draft, key, ["tmpfs"]);
      draft.size = readSize(value);
      return;
    case "id":
      draft.id = value;
      return;
    case "sharing":
      draft.sharing = oneOf(sharings, value, "sharing value");
      return;
    case "mode":
      draft.mode = readNumber(key, value, 8);
      return;
    case "uid":
    case "gid":
      draft[key] = readNumber(key, value, 10);
      return;
    case "env":
      draft.env = value;
      return;
    default:
      throw invalidArgument(`unexpected key '${key}' in '${field}'${suggestion(key, keys)}`);
  }
}

function finish(draft: Draft): RunMount {
  const { type, from = "", source = "", target = "", id = "", sharing, env, mode, uid, gid } = draft;
  const createsFiles = type === "secret" || type === "ssh" || type === "cache";
  for (const [name, value] of Object.entries({ mode, uid, gid })) {
    if (value !== undefined && !createsFiles)
      throw invalidArgument(`${name} not allowed for "${type}" type mounts`);
  }
  if (sharing !== undefined && type !== "cache") {
    throw invalidArgument(`invalid cache sharing set for ${type} mount`);
  }
  if (env !== undefined && type !== "secret")
    throw invalidArgument(`unexpected key 'env' for mount type '${type}'`);
  if (type === "secret") {
    if (from !== "") throw invalidArgument("secret mount should not have a from");
    if (source === "" && target === "" && id === "") {
      throw invalidArgument("invalid secret mount. one of source, target required");
    }
    if (source !== "" && id !== "") throw invalidArgument("both source and id can't be set");
  }
  if (type === "ssh" && source !== "") throw invalidArgument("ssh does not support source");
  if ((type === "bind" || type === "cache" || type === "tmpfs") && target === "") {
    throw invalidArgument(`a ${type} mount needs a target`);
  }
  return {
    type,
    from,
    source,
    target,
    readOnly: draft.readOnly ?? (type !== "cache" && type !== "tmpfs"),
    size: draft.size ?? 0,
    id,
    sharing: sharing ?? "shared",
    required: draft.required ?? false,
    ...(env === undefined ? {} : { env }),
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

function splitPairs(text: string): { key: string; value?: string; field: string }[] {
  return read(() => splitFields(text), `mount ${JSON.stringify(text)}`).map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) return { key: field.toLowerCase(), field };
    return { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1), field };
  });
}

function requireType({ type }: Draft, key: string, takenBy: RunMount["type"][]): void {
  if (!takenBy.includes(type)) throw invalidArgument(`unexpected key '${key}' for mount type '${type}'`);
}

function oneOf<Word extends string>(words: readonly Word[], text: string, what: string): Word {
  const lower = text.toLowerCase();
  const found = words.find((word) => word === lower);
  if (found !== undefined) return found;
  throw invalidArgument(`unsupported ${what} ${JSON.stringify(text)}${suggestion(lower, words)}`);
}

function readSwitch(key: string, value: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw invalidArgument(`invalid value for ${key}: ${value}`);
  return parsed;
}

function readSize(value: string): number {
  return read(() => parseBytes(value), `invalid value for size: ${value}`);
}

function readNumber(key: string, value: string, base: 8 | 10): number {
  const digits = base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/;
  const number = Number.parseInt(value, base);
  if (!digits.test(value) || number > 0xffff_fffe) throw invalidArgument(`invalid value ${value} for ${key}`);
  return number;
}

function read<T>(work: () => T, what: string): T {
  try {
    return work();
  } catch (error) {
    throw invalidArgument(`${what}: ${errorChain(error)}`);
  }
}
