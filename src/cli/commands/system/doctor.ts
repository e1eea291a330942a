import type { DoctorCheck } from "#api/answers/system.ts";
import { helperProgram } from "#client/daemon/daemon-program.ts";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { fetchJson } from "#client/endpoints.ts";
import { dataDirectory } from "#support/directories.ts";
import { bool } from "../../flags/kinds.ts";
import { failureMessage } from "../../output/failure.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { accountName } from "../../values/account-name.ts";
import { apparmorProfile } from "./doctor/apparmor-profile.ts";
import { applyFixes } from "./doctor/apply-fixes.ts";
import { checkHost, type HostCheck } from "./doctor/host-checks.ts";
import { readHostFacts } from "./doctor/host-facts.ts";
import { withLateIds } from "./doctor/late-ids.ts";

const marks = { ok: "ok", degraded: "!!", missing: "NO" };

export const doctorCommand = command({
  name: "doctor",
  summary: "Check what the host supports and suggest fixes",
  description:
    "Prints one line for each check: ok, !! for a limited feature, NO for a missing requirement. Below a problem is the line that mends it on this distribution. Exits with 1 if a requirement is missing.",
  rank: 10,
  synopsis: "[OPTIONS]",
  flags: {
    host: bool("Check only the host, without starting the daemon"),
    fix: bool("Mend what needs no root: lingering and systemd units"),
    "apparmor-profile": bool("Print the AppArmor profile for this installation, and check nothing"),
  },
  arguments: exactly(0),
  examples: [
    { line: "tbox doctor", purpose: "Check the host and the daemon" },
    {
      line: "tbox doctor --apparmor-profile | sudo tee /etc/apparmor.d/tbox",
      purpose: "Permit user namespaces to tbox on Ubuntu",
    },
  ],
  async run({ flags: { "apparmor-profile": profile, fix, host } }) {
    if (profile) {
      await print(apparmorProfile(helperProgram()));
      return 0;
    }
    // The requirements of another machine's daemon are not on this host.
    const isOwn = (await daemonSocket()).address === undefined;
    const ownChecks = isOwn ? hostChecks() : [];
    const fixed = !fix || (await applyFixes(ownChecks));
    const checks = fix && isOwn ? hostChecks() : ownChecks;
    await show(checks);
    const others = host ? [] : withLateIds(checks, await daemonChecks());
    await show(others);
    return fixed && ![...checks, ...others].some(({ status }) => status === "missing") ? 0 : 1;
  },
});

function hostChecks(): HostCheck[] {
  const account = { name: accountName(), uid: process.getuid?.() ?? -1 };
  return checkHost(
    readHostFacts({
      root: "/",
      environment: process.env,
      account,
      helper: helperProgram(),
      store: dataDirectory(process.env),
    }),
  );
}

/** Returns the daemon's checks. A daemon that does not start is a failed check. */
async function daemonChecks(): Promise<DoctorCheck[]> {
  try {
    return (await fetchJson("GET /tbox/doctor")).checks;
  } catch (error) {
    return [{ name: "daemon", status: "missing", detail: failureMessage(error) }];
  }
}

async function show(checks: readonly HostCheck[]): Promise<void> {
  for (const { status, name, detail, remedy, fix } of checks) {
    await print(`[${marks[status]}] ${name}: ${detail}\n`);
    const hint = fix === undefined ? "" : "    (or: tbox doctor --fix)";
    if (remedy) await print(`     ${remedy.replaceAll("\n", "\n     ")}${hint}\n`);
  }
}
