import type { MountPoint } from "#api/answers/container-summary.ts";
import { isHostBind, parseBindText } from "#containers/request/bind-text.ts";
import type { MountRequest } from "#containers/request/create-request.ts";
import { normalizeTarget } from "#containers/request/mount-target.ts";
import type { ContainerRecord, ContainerVolume } from "#containers/state/container-record.ts";

/** Returns `Mounts` of a container: binds, tmpfs mounts and volumes; `directory` is the root of the store. */
export function shapeMountPoints(
  { hostConfig: { Binds = [], Mounts = [] }, volumes = [] }: Pick<ContainerRecord, "hostConfig" | "volumes">,
  directory: string,
): MountPoint[] {
  return [
    ...Binds.filter(isHostBind).map(fromBind),
    ...Mounts.filter(({ Type }) => Type !== "volume").map(fromMount),
    ...volumes.map((volume) => fromVolume(volume, { Binds, Mounts, directory })),
  ];
}

interface VolumeContext {
  Binds: string[];
  Mounts: MountRequest[];
  directory: string;
}

function fromVolume({ name, target, readonly }: ContainerVolume, context: VolumeContext): MountPoint {
  const { directory } = context;
  return {
    Type: "volume",
    Name: name,
    Source: `${directory}/volumes/${name}/_data`,
    Destination: normalizeTarget(target),
    Driver: "local",
    Mode: volumeMode(normalizeTarget(target), context),
    RW: !readonly,
    Propagation: "",
  };
}

/** Returns the options of the bind; "z" without options, "" for a volume that the request does not name. */
function volumeMode(target: string, { Binds, Mounts }: VolumeContext): string {
  const bind = Binds.map(parseBindText).find((one) => normalizeTarget(one.target) === target);
  if (bind?.source === "") return "";
  if (bind !== undefined) return bind.options.join(",") || "z";
  return Mounts.some(({ Target }) => normalizeTarget(Target) === target) ? "z" : "";
}

const propagations = new Set(["private", "rprivate", "slave", "rslave", "shared", "rshared"]);

function fromBind(bind: string): MountPoint {
  const [Source = "", target = "", Mode = ""] = bind.split(":");
  const options = Mode.split(",");
  return {
    Type: "bind",
    Source,
    Destination: normalizeTarget(target),
    Mode,
    RW: !options.includes("ro"),
    Propagation: options.find((option) => propagations.has(option)) ?? "rprivate",
  };
}

function fromMount({ Type, Source = "", Target, ReadOnly = false, BindOptions }: MountRequest): MountPoint {
  return {
    Type,
    Source,
    Destination: normalizeTarget(Target),
    Mode: "",
    RW: !ReadOnly,
    Propagation: Type === "bind" ? (BindOptions?.Propagation ?? "rprivate") : "",
  };
}
