import type { KeepId } from "#native/protocol/launch.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { parseUserns } from "./userns.ts";

export interface SecurityOptions {
  noNewPrivileges: boolean;
  /** The default profile, none, or the text of a profile. */
  seccomp: "default" | "unconfined" | { profile: string };
  /** Whether the container can create cgroups below its own. */
  writableCgroups: boolean;
  /** Ids that map to the daemon's user, as with `HostConfig.UsernsMode`. */
  keepId?: KeepId;
}

/** Parses `--security-opt`. Throws not-implemented for unsupported options, by name. */
export function parseSecurityOptions(options: string[]): SecurityOptions {
  const parsed: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: "default",
    writableCgroups: false,
  };
  for (const option of options) {
    const [, name = "", value] = /^([^=:]+)[=:]?(.*)$/s.exec(option) ?? [];
    if (name === "no-new-privileges") parsed.noNewPrivileges = parseSwitch(option, value);
    else if (name === "writable-cgroups") parsed.writableCgroups = parseSwitch(option, value);
    // Docker's clients send no UsernsMode other than `host`, so they request keep-id with this option.
    else if (name === "userns")
      Object.assign(parsed, { keepId: parseUserns(value ?? "", "--security-opt userns") });
    else if (name === "seccomp" && value === "unconfined") parsed.seccomp = "unconfined";
    else if (name === "seccomp" && (value === "builtin" || value === "default")) parsed.seccomp = "default";
    else if (name === "seccomp") parsed.seccomp = { profile: value ?? "" };
    else if (name !== "apparmor" && name !== "label") throw invalid(option);
    else if (!isWithoutEffect(name, value ?? ""))
      throw unsupported(`security option ${JSON.stringify(option)} is`);
  }
  return parsed;
}

/**
 * Reports whether an option is about AppArmor's default profile or SELinux labels, which rootless containers do not
 * have.
 */
function isWithoutEffect(name: string, value: string): boolean {
  if (name === "apparmor") return value === "unconfined" || value === "docker-default";
  return name === "label" && /^(disable|nested|(user|role|type|level|filetype):.+)$/.test(value);
}

function parseSwitch(option: string, value: string | undefined): boolean {
  if (value === "" || value === undefined || value === "true") return true;
  if (value === "false") return false;
  throw invalid(option);
}

function invalid(option: string): TboxError {
  return invalidArgument(`invalid --security-opt: ${JSON.stringify(option)}`);
}

function unsupported(what: string): TboxError {
  return new TboxError("not-implemented", `${what} not supported`);
}
