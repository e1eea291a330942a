import type { ContainerConfigAnswer } from "#api/answers/container-inspect.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { hasValues } from "./has-values.ts";

/** Returns `Config` of a container. Docker leaves fields that only some containers have out when they are empty. */
export function shapeConfig({
  id,
  image,
  config,
}: Pick<ContainerRecord, "id" | "image" | "config">): ContainerConfigAnswer {
  const { ArgsEscaped, ExposedPorts, Healthcheck, NetworkDisabled, Shell, Volumes, ...rest } = config;
  const { Test, ...durations } = Healthcheck ?? {};
  const set = Object.entries(durations).filter(([, value]) => value);
  const healthcheck = { ...(hasValues(Test) ? { Test } : {}), ...Object.fromEntries(set) };
  return {
    Hostname: id.slice(0, 12),
    Domainname: "",
    User: "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: [],
    Cmd: null,
    Image: image,
    WorkingDir: "",
    Entrypoint: null,
    OnBuild: null,
    Labels: {},
    ...rest,
    ...(ArgsEscaped ? { ArgsEscaped } : {}),
    ...(hasValues(ExposedPorts) ? { ExposedPorts } : {}),
    ...(Healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
    ...(NetworkDisabled ? { NetworkDisabled } : {}),
    ...(hasValues(Shell) ? { Shell } : {}),
    Volumes: hasValues(Volumes) ? Volumes : null,
  };
}
