import type { Mount } from "#native/protocol/launch.ts";
import type { DiffId } from "#oci/digest.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ContainerVolume } from "../state/container-record.ts";
import { layerPath } from "../state/layer-path.ts";
import { isHostBind, parseBindText, withoutEffect } from "./bind-text.ts";
import type { HostConfig, MountRequest } from "./create-request.ts";
import { planDevices } from "./devices.ts";
import { checkTarget, normalizeTarget } from "./mount-target.ts";
import { planTmpfs, planTmpfsMount } from "./tmpfs.ts";

export interface PlannedMounts {
  /** Mounts in the order in which they must happen: a target precedes the targets below it. */
  mounts: Mount[];
  /** Sources that are created when they are missing: those of `-v`, and of `--mount` with `CreateMountpoint`. */
  sourcesToCreate: string[];
  /** Sources that must exist: all others of `--mount`. */
  requiredSources: string[];
}

const propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"] as const;
type Propagation = (typeof propagations)[number];
type BindMount = Extract<Mount, { type: "bind" }>;

/**
 * Plans the mounts of a container besides the standard ones. `images` has the layers of mounted images by their names in the
 * request. Throws invalid-argument for duplicate targets.
 */
export function planMounts(
  host: HostConfig,
  volumes: ContainerVolume[] = [],
  images: ReadonlyMap<string, DiffId[]> = new Map(),
): PlannedMounts {
  const binds = (host.Binds ?? []).filter(isHostBind).map(parseBind);
  const requests = (host.Mounts ?? []).filter(({ Type }) => Type !== "volume");
  const mounts = [
    ...binds,
    ...requests.map((request) => planMount(request, images)),
    ...volumes.map(planVolume),
    ...Object.entries(host.Tmpfs ?? {}).map(([target, options]) => planTmpfs(target, options)),
    ...planDevices(host.Devices),
  ];
  const seen = new Set<string>();
  for (const { target } of mounts) {
    const normalized = normalizeTarget(target);
    if (seen.has(normalized)) throw invalidArgument(`Duplicate mount point: ${target}`);
    seen.add(normalized);
  }
  const depth = ({ target }: Mount) => normalizeTarget(target).split("/").length;
  return {
    mounts: mounts.sort((a, b) => depth(a) - depth(b)),
    sourcesToCreate: [
      ...binds.map(({ source }) => source),
      ...requests.flatMap(({ BindOptions, Source = "" }) => (BindOptions?.CreateMountpoint ? [Source] : [])),
    ],
    requiredSources: requests.flatMap(({ Type, BindOptions, Source = "" }) =>
      Type === "bind" && !BindOptions?.CreateMountpoint ? [Source] : [],
    ),
  };
}

function planVolume({ name, target, readonly, fill, bound, memory, subpath }: ContainerVolume): Mount {
  if (memory !== undefined) {
    if (subpath !== undefined) throw invalidArgument(`volume ${name} is a tmpfs: Subpath is not supported`);
    const mount = planTmpfs(target, `exec,${memory}`);
    return { ...mount, readonly: mount.readonly || readonly };
  }
  if (bound) {
    // Other users can write to the host's directory, and could place a symbolic link in the subpath.
    if (subpath !== undefined) {
      throw invalidArgument(`volume ${name} is backed by a directory of the host: Subpath is not supported`);
    }
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
    else if (!withoutEffect.has(option)) throw invalidArgument(`invalid mode: ${options.join(",")}`);
  }
  return mount;
}

function planMount(request: MountRequest, images: ReadonlyMap<string, DiffId[]>): Mount {
  if (request.Type === "tmpfs") return planTmpfsMount(request);
  const target = checkTarget(request.Target);
  const source = request.Source ?? "";
  if (source === "") {
    throw invalidArgument(`invalid mount config for type "${request.Type}": field Source must not be empty`);
  }
  if (request.Type === "image") {
    return {
      type: "tree",
      tree: { type: "layers", diffIds: (images.get(source) ?? []).map(layerPath) },
      source: request.ImageOptions?.Subpath || "/",
      target,
      readonly: request.ReadOnly ?? false,
    };
  }
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
    readonly: request.ReadOnly ?? false,
    ...(request.BindOptions?.ReadOnlyNonRecursive ? { shallowReadonly: true } : {}),
    recursive: !request.BindOptions?.NonRecursive,
    propagation,
  };
}

function isPropagation(text: string): text is Propagation {
  return propagations.some((known) => known === text);
}
