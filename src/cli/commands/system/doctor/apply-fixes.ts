import { ExitError } from "../../../output/exit.ts";
import { print, printError } from "../../../output/output.ts";
import { setUpSystemd } from "../systemd/set-up-systemd.ts";
import { findUserSystemd } from "../systemd/user-systemd.ts";
import type { Fix, HostCheck } from "./host-checks.ts";

const actions: Record<Fix, () => Promise<string>> = {
  async linger() {
    const { exitCode, stderr } = Bun.spawnSync(["loginctl", "enable-linger"], {
      stdout: "ignore",
      stderr: "pipe",
    });
    if (exitCode !== 0) {
      throw new ExitError(
        `loginctl enable-linger: ${stderr.toString().trim()}: use sudo loginctl enable-linger $USER`,
        1,
      );
    }
    return "containers continue after you log out";
  },
  async systemd() {
    await setUpSystemd(findUserSystemd(process.env));
    return "systemd starts the daemon";
  },
};

/** Carries out the fixes of the checks. Returns whether all succeeded. */
export async function applyFixes(checks: readonly HostCheck[]): Promise<boolean> {
  let succeeded = true;
  for (const { name, fix } of checks) {
    if (fix === undefined) continue;
    try {
      await print(`fixed ${name}: ${await actions[fix]()}\n`);
    } catch (error) {
      succeeded = false;
      printError(`cannot fix ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return succeeded;
}
