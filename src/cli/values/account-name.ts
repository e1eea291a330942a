import { readFileSync } from "node:fs";

/**
 * Returns the name of the account that runs this program. Asks the account database: the runtime's `userInfo` trusts the
 * variable USER, which can be unset or another user's, for example after `su`.
 */
export function accountName(): string {
  const uid = process.getuid?.() ?? -1;
  return nameInPasswd(uid) ?? nameFromServices() ?? String(uid);
}

function nameInPasswd(uid: number): string | undefined {
  try {
    const lines = readFileSync("/etc/passwd", "utf8").split("\n");
    return lines.find((line) => line.split(":")[2] === String(uid))?.split(":")[0];
  } catch {
    return undefined;
  }
}

/** Asks id(1), which finds accounts of directory services. */
function nameFromServices(): string | undefined {
  try {
    const { exitCode, stdout } = Bun.spawnSync(["id", "-un"], { stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}
