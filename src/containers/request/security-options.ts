import { invalidArgument, TboxError } from "#support/errors.ts";

export interface SecurityOptions {
  noNewPrivileges: boolean;
  seccomp: "default" | "unconfined";
  /** Whether the container may write below its own cgroup. */
  writableCgroups: boolean;
  /** Whether the container's user is to be the caller, as of `HostConfig.UsernsMode`. */
  keepId: boolean;
}

/** `--security-opt`; what is not honoured is refused by name. */
export function parseSecurityOptions(options: string[]): SecurityOptions {
  const parsed: SecurityOptions = {
    noNewPrivileges: true,
    seccomp: "default",
    writableCgroups: false,
    keepId: false,
  };
  for (const option of options) {
    const [, name = "", value] = /^([^=:]+)[=:]?(.*)$/.exec(option) ?? [];
    if (name === "no-new-privileges") parsed.noNewPrivileges = switchOf(option, value);
    else if (name === "writable-cgroups") parsed.writableCgroups = switchOf(option, value);
    // For Docker's own clients, which send no other mode of UsernsMode than host.
    else if (name === "userns" && value === "keep-id") parsed.keepId = true;
    else if (name === "seccomp" && value === "unconfined") parsed.seccomp = "unconfined";
    else if (name === "seccomp" && (value === "builtin" || value === "default")) parsed.seccomp = "default";
    else if (name === "seccomp") throw unsupported("a seccomp profile of one's own is");
    else if (option === "apparmor=unconfined" || option === "label=disable" || option === "label:disable")
      continue;
    else throw unsupported(`security option ${JSON.stringify(option)} is`);
  }
  return parsed;
}

function switchOf(option: string, value: string | undefined): boolean {
  if (value === "" || value === undefined || value === "true") return true;
  if (value === "false") return false;
  throw invalidArgument(`invalid --security-opt: ${JSON.stringify(option)}`);
}

function unsupported(what: string): TboxError {
  return new TboxError("not-implemented", `${what} not supported yet`);
}
