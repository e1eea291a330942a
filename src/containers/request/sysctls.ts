import { invalidArgument } from "#support/errors.ts";
import type { HostConfig } from "./create-request.ts";

const ipcNamespace =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/;

/**
 * Plans the kernel parameters of a request. Throws invalid-argument for parameters outside the container's own
 * namespaces.
 */
export function planSysctls({
  Sysctls = {},
  NetworkMode,
  IpcMode = "",
}: HostConfig): { name: string; value: string }[] {
  return Object.entries(Sysctls).map(([name, value]) => {
    if (!/^[\w.\-/]+$/.test(name) || name.split(/[./]/).includes(""))
      throw invalidArgument(`invalid sysctl ${name}`);
    const shared = (kind: string, mode: string) =>
      invalidArgument(`sysctl ${name} is not allowed: the container shares its ${kind} namespace (${mode})`);
    if (name.startsWith("net.")) {
      if (NetworkMode === "host") throw shared("network", NetworkMode);
    } else if (ipcNamespace.test(name)) {
      if (IpcMode === "host" || IpcMode.startsWith("container:")) throw shared("IPC", IpcMode);
    } else {
      const hint = name === "kernel.domainname" ? ": use Domainname (--domainname)" : "";
      throw invalidArgument(
        `sysctl ${name} is not in a separate kernel namespace: it applies to the whole machine${hint}`,
      );
    }
    return { name, value };
  });
}
