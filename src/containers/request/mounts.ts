import type { Mount } from "#native/zygote/protocol.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ContainerVolume } from "../state/record.ts";
import type { HostConfig, MountRequest } from "./create-request.ts";
import { planDevices } from "./devices.ts";

export interface PlannedMounts {
  mounts: Mount[];
  /** Sources of `-v`, and of `--mount` where that says so, that are made where they are missing. */
  sourcesToCreate: string[];
  /** Other sources of `--mount`, which must be there. */
  requiredSources: string[];
}

const propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"] as const;
type Propagation = (typeof propagations)[number];

/** What a container mounts besides its standard mounts; upper directories before what lies in them. */
export function planMounts(host: HostConfig, volumes: ContainerVolume[] = []): PlannedMounts {
  const binds = (host.Binds ?? []).filter((text) => text.startsWith("/")).map(parseBind);
  const asked = (host.Mounts ?? []).filter(({ Type }) => Type !== "volume");
  const requested = asked.map(planMount);
  const temporary = Object.entries(host.Tmpfs ?? {}).map(([target, options]) => planTmpfs(target, options));
  const devices = planDevices(host.Devices);
  const mounts = [...binds, ...requested, ...volumes.map(planVolume), ...temporary, ...devices];
  const seen = new Set<string>();
  for (const { target } of mounts) {
    const place = plainTarget(target);
    if (seen.has(place)) throw invalidArgument(`Duplicate mount point: ${target}`);
    seen.add(place);
  }
  const depth = ({ target }: Mount) => plainTarget(target).split("/").length;
  return {
    mounts: mounts.sort((a, b) => depth(a) - depth(b)),
    sourcesToCreate: [
      ...binds.map(({ source }) => source),
      ...asked.flatMap(({ BindOptions, Source = "" }) => (BindOptions?.CreateMountpoint ? [Source] : [])),
    ],
    requiredSources: asked.flatMap(({ Type, BindOptions, Source = "" }) =>
      Type === "bind" && !BindOptions?.CreateMountpoint ? [Source] : [],
    ),
  };
}

type TmpfsMount = Extract<Mount, { type: "tmpfs" }>;
type BindMount = Extract<Mount, { type: "bind" }>;

export interface BindText {
  /** An absolute path, or the name of a volume. */
  source: string;
  target: string;
  options: string[];
}

/** Takes `source:target[:options]` apart. */
export function parseBindText(text: string): BindText {
  const [source = "", target, options = "", ...rest] = text.split(":");
  if (target === undefined || source === "" || rest.length > 0) {
    throw invalidArgument(`invalid volume specification: '${text}'`);
  }
  checkTarget(target);
  return { source, target, options: options.split(",").filter((word) => word !== "") };
}

function planVolume({ name, target, readonly, fill, bound, subpath }: ContainerVolume): Mount {
  if (bound) {
    // Its directories are somebody else's, too, who might lead a path through it elsewhere.
    if (subpath !== undefined)
      throw invalidArgument(`volume ${name} stands for a directory of the host: no Subpath of it`);
    return {
      type: "bind",
      source: bound.path,
      target: checkTarget(target),
      readonly: readonly || bound.readonly,
      recursive: true,
      propagation: "rprivate",
    };
  }
  const part = subpath === undefined ? {} : { subpath };
  return { type: "volume", name, target: checkTarget(target), readonly, fill, ...part };
}

function parseBind(text: string): BindMount {
  const { source, target, options } = parseBindText(text);
  const mount: BindMount = {
    type: "bind",
    source,
    target,
    readonly: false,
    recursive: true,
    propagation: "rprivate",
  };
  for (const option of options) {
    if (option === "ro") mount.readonly = true;
    else if (isPropagation(option)) mount.propagation = option;
    // Labels for a security module that rootless containers do not have.
    else if (!["rw", "z", "Z"].includes(option)) throw invalidArgument(`invalid mode: ${options.join(",")}`);
  }
  return mount;
}

function planMount(request: MountRequest): Mount {
  const target = checkTarget(request.Target);
  const readonly = request.ReadOnly ?? false;
  if (request.Type === "tmpfs") {
    if (request.Source)
      throw invalidArgument(`invalid mount config for type "tmpfs": field Source must not be specified`);
    const { SizeBytes: size, Mode: mode = 0o1777, Options = [] } = request.TmpfsOptions ?? {};
    const mount: TmpfsMount = {
      type: "tmpfs",
      target,
      mode,
      readonly,
      exec: false,
      ...(size ? { size } : {}),
    };
    for (const words of Options) applyTmpfsOption(mount, words.join("="));
    return mount;
  }
  const source = request.Source ?? "";
  if (source === "")
    throw invalidArgument(`invalid mount config for type "bind": field Source must not be empty`);
  if (!source.startsWith("/")) {
    throw invalidArgument(
      `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
    );
  }
  const propagation = request.BindOptions?.Propagation || "rprivate";
  if (!isPropagation(propagation)) throw invalidArgument(`invalid propagation config: ${propagation}`);
  return {
    type: "bind",
    source,
    target,
    readonly,
    recursive: !request.BindOptions?.NonRecursive,
    propagation,
  };
}

/** `--tmpfs target:options` with the kernel's words. */
function planTmpfs(target: string, options: string): Mount {
  const mount: TmpfsMount = {
    type: "tmpfs",
    target: checkTarget(target),
    mode: 0o1777,
    readonly: false,
    exec: false,
  };
  for (const option of options.split(",").filter((word) => word !== "")) applyTmpfsOption(mount, option);
  return mount;
}

function applyTmpfsOption(mount: TmpfsMount, option: string): void {
  const [name = "", value = ""] = option.split("=", 2);
  if (name === "size") mount.size = parseSize(value, option);
  else if (name === "mode" && /^[0-7]{1,4}$/.test(value)) mount.mode = Number.parseInt(value, 8);
  else if (name === "exec" || name === "noexec") mount.exec = name === "exec";
  else if (name === "ro" || name === "rw") mount.readonly = name === "ro";
  // These always hold.
  else if (!["nosuid", "nodev"].includes(name)) throw invalidArgument(`invalid tmpfs option "${option}"`);
}

function parseSize(text: string, option: string): number {
  const [, number, unit = ""] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()];
  if (number === undefined || factor === undefined) throw invalidArgument(`invalid tmpfs option "${option}"`);
  return Number(number) * factor;
}

function checkTarget(target: string): string {
  if (!target.startsWith("/")) {
    throw invalidArgument(`invalid mount path: '${target}' mount path must be absolute`);
  }
  if (plainTarget(target) === "/") throw invalidArgument("invalid specification: destination can't be '/'");
  if (target.includes("\0")) throw invalidArgument("invalid mount path: it holds a null character");
  return target;
}

/** For comparing: without `.`, `..`, doubled and trailing slashes. */
export function plainTarget(target: string): string {
  const parts: string[] = [];
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function isPropagation(text: string): text is Propagation {
  return propagations.some((known) => known === text);
}
