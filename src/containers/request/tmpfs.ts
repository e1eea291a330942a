import type { Mount } from "#native/protocol/launch.ts";
import { invalidArgument } from "#support/errors.ts";
import type { MountRequest } from "./create-request.ts";
import { checkTarget } from "./mount-target.ts";

type TmpfsMount = Extract<Mount, { type: "tmpfs" }>;

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

function applyOption(mount: TmpfsMount, option: string): void {
  const [name = "", value = ""] = option.split("=", 2);
  if (name === "size") mount.size = parseSize(value, option);
  else if (name === "mode" && /^[0-7]{1,4}$/.test(value)) mount.mode = Number.parseInt(value, 8);
  else if (name === "exec" || name === "noexec") mount.exec = name === "exec";
  else if (name === "ro" || name === "rw") mount.readonly = name === "ro";
  // Every mount in a container is nosuid and nodev.
  else if (!["nosuid", "nodev"].includes(name)) throw invalidArgument(`invalid tmpfs option "${option}"`);
}

function parseSize(text: string, option: string): number {
  const [, number, unit = ""] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()];
  if (number === undefined || factor === undefined) throw invalidArgument(`invalid tmpfs option "${option}"`);
  return Number(number) * factor;
}
