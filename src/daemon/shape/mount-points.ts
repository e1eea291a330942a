import type { HostConfig, MountRequest } from "#containers/create-request.ts";

/** `Mounts` of a container: where something of the host or of memory lies in it. */
export function mountPoints({ Binds = [], Mounts = [] }: HostConfig) {
  return [...Binds.map(fromBind), ...Mounts.map(fromMount)];
}

const propagations = new Set(["private", "rprivate", "slave", "rslave", "shared", "rshared"]);

function fromBind(bind: string) {
  const [Source = "", Destination = "", Mode = ""] = bind.split(":");
  const options = Mode.split(",");
  return {
    Type: "bind",
    Source,
    Destination,
    Mode,
    RW: !options.includes("ro"),
    Propagation: options.find((option) => propagations.has(option)) ?? "rprivate",
  };
}

function fromMount({ Type, Source = "", Target, ReadOnly = false, BindOptions }: MountRequest) {
  return {
    Type,
    Source,
    Destination: Target,
    Mode: "",
    RW: !ReadOnly,
    Propagation: Type === "bind" ? (BindOptions?.Propagation ?? "rprivate") : "",
  };
}
