import { ExitError } from "../output/exit.ts";

/** Returns the members of `HostConfig` for `--security-opt`. */
export function parseSecurityOptions(options: string[]): Record<string, unknown> {
  const passed: string[] = [];
  let unmasked = false;
  for (const option of options) {
    const [name = "", value] = splitOnce(option);
    if (name === "systempaths" && value === "unconfined") {
      unmasked = true;
      continue;
    }
    if (value === undefined && !["no-new-privileges", "writable-cgroups"].includes(name)) {
      throw new ExitError(`Invalid --security-opt: "${option}"`, 125);
    }
    passed.push(option);
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
