import type { Exec } from "#native/protocol/launch.ts";
import { planLaunch } from "../lifecycle/plan-launch.ts";
import { mergeEnvironment, programEnvironment } from "../request/environment.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { ExecRequest } from "./execs.ts";

/**
 * Plans a program in a running container. The program gets the container's own confinement. The container's settings
 * fill the fields that the request leaves open. `linked` has the environment variables of links.
 */
export function planExec(container: ContainerRecord, request: ExecRequest, linked: string[]): Exec {
  const { id, config } = container;
  const hostname = config.Hostname ?? "";
  const { process, network, shared } = planLaunch(privileged(container, request), { diffIds: [], hostname });
  const { tty: _, ...rest } = process;
  const tty = request.Tty ?? false;
  const [rows = 0, columns = 0] = request.ConsoleSize ?? [];
  const variables = mergeEnvironment({ image: config.Env ?? [], request: request.Env ?? [] });
  return {
    id,
    network,
    ...(shared ? { shared } : {}),
    process: {
      ...rest,
      args: request.Cmd,
      env: programEnvironment(variables, { hostname, tty, linked }),
      cwd: request.WorkingDir || process.cwd,
      user: request.User || process.user,
      ...(tty ? { tty: { columns: columns || 80, rows: rows || 24 } } : {}),
      openStdin: request.AttachStdin ?? false,
      stdinOnce: false,
      init: false,
    },
  };
}

/** Returns the record, with the settings of a privileged container if the request asks for them. */
function privileged(container: ContainerRecord, { Privileged }: ExecRequest): ContainerRecord {
  return Privileged ? { ...container, hostConfig: { ...container.hostConfig, Privileged } } : container;
}
