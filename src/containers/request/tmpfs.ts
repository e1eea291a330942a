import { totalmem } from "node:os";
import type { TmpfsMount } from "#native/protocol/launch.ts";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import type { MountRequest } from "./create-request.ts";
import { checkTarget } from "./mount-target.ts";

/** Plans the mount of `--tmpfs TARGET:OPTIONS`. */
export function planTmpfs(target: string, options: string): TmpfsMount {
  const mount: TmpfsMount = {
    type: "tmpfs",
    target: checkTarget(target),
    mode: 0o1777,
    readonly: false,
    exec: false,
  };
  for (const option of options.split(",").filter((word) => word !== "")) applyOption(mount, option);
  return mount;
}

/** Plans the mount of `--mount type=tmpfs`. */
export function planTmpfsMount({ Source, Target, ReadOnly = false, TmpfsOptions }: MountRequest): TmpfsMount {
  if (Source) {
    throw invalidArgument(`invalid mount config for type "tmpfs": field Source must not be specified`);
  }
  const { SizeBytes: size, Mode: mode = 0o1777, Options = [] } = TmpfsOptions ?? {};
  const mount: TmpfsMount = {
    type: "tmpfs",
    target: checkTarget(Target),
    mode,
    readonly: ReadOnly,
    exec: false,
    ...(size ? { size } : {}),
  };
  for (const words of Options) applyOption(mount, words.join("="));
  return mount;
}

/** Options that name the only behaviour of a tmpfs in a container: every mount is nosuid and nodev. */
const implied = new Set(["nosuid", "nodev", "async", "atime", "relatime", "diratime", "nomand"]);

function applyOption(mount: TmpfsMount, option: string): void {
  const [name = "", value = ""] = option.split("=", 2);
  if (name === "size") mount.size = parseSize(value, option);
  else if (name === "nr_inodes") mount.inodes = parseNumber(value, option);
  else if (name === "mode" && /^[0-7]{1,4}$/.test(value)) mount.mode = Number.parseInt(value, 8);
  else if (name === "uid" || name === "gid") mount[name] = parseId(value, option);
  else if (name === "exec" || name === "noexec") mount.exec = name === "exec";
  else if (name === "ro" || name === "rw") mount.readonly = name === "ro";
  else if (name === "noatime") mount.noatime = true;
  else if (!implied.has(name)) throw invalid(option);
}

/** Parses a size: bytes, a number with a unit, or a percentage of the machine's memory, as the kernel does. */
function parseSize(text: string, option: string): number {
  const [, percent] = /^(\d{1,3})%$/.exec(text) ?? [];
  return percent === undefined ? parseNumber(text, option) : Math.floor((totalmem() * Number(percent)) / 100);
}

function parseNumber(text: string, option: string): number {
  const [, number, unit = ""] = /^(\d{1,15})([kmg]?)$/i.exec(text) ?? [];
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()];
  const result = Number(number) * (factor ?? Number.NaN);
  if (Number.isSafeInteger(result)) return result;
  throw invalid(option);
}

function parseId(text: string, option: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  // The largest number means "no ID" to the kernel.
  if (id < 2 ** 32 - 1) return id;
  throw invalid(option);
}

function invalid(option: string): TboxError {
  return invalidArgument(`invalid tmpfs option "${option}"`);
}
