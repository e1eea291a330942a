import { ExitError } from "../output/exit.ts";

/** Values of `seccomp` that are not the path of a profile. */
const builtIn = ["builtin", "default", "unconfined"];

/** Returns the members of `HostConfig` for `--security-opt`. A seccomp profile is sent as its text. */
export async function parseSecurityOptions(
  options: string[],
  readProfile: (path: string) => Promise<string>,
): Promise<Record<string, unknown>> {
  const passed: string[] = [];
  let unmasked = false;
  for (const option of options) {
    const [name = "", value] = splitOnce(option);
    if (name === "systempaths" && value === "unconfined") {
      unmasked = true;
      continue;
    }
    if (!value && !["no-new-privileges", "writable-cgroups"].includes(name)) {
      throw new ExitError(`Invalid --security-opt: "${option}"`, 125);
    }
    const isProfile = name === "seccomp" && value !== undefined && !builtIn.includes(value);
    passed.push(isProfile ? `seccomp=${await readProfile(value)}` : option);
  }
  return {
    ...(passed.length > 0 ? { SecurityOpt: passed } : {}),
    ...(unmasked ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function splitOnce(option: string): [string, string | undefined] {
  const at = option.search(/[=:]/);
  return at === -1 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)];
}
