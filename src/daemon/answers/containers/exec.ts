import type { ExecInspect } from "#api/answers/execs.ts";
import type { ExecRecord } from "#containers/exec/execs.ts";

/** Returns the answer of `GET /exec/{id}/json`. */
export function shapeExec({ id, containerId, request, running, exitCode, pid }: ExecRecord): ExecInspect {
  const {
    Cmd,
    Tty = false,
    User = "",
    Privileged = false,
    AttachStdin = false,
    AttachStdout = false,
    AttachStderr = false,
  } = request;
  const [entrypoint = "", ...words] = Cmd;
  return {
    ID: id,
    ContainerID: containerId,
    Running: running,
    ExitCode: exitCode ?? null,
    Pid: pid,
    CanRemove: false,
    DetachKeys: "",
    OpenStdin: AttachStdin,
    OpenStdout: AttachStdout,
    OpenStderr: AttachStderr,
    ProcessConfig: { entrypoint, arguments: words, tty: Tty, user: User, privileged: Privileged },
  };
}
