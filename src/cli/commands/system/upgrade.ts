import type { VersionAnswer } from "#api/answers/system.ts";
import { fetchJson } from "#client/endpoints.ts";
import { invalidArgument } from "#support/errors.ts";
import { version } from "#support/version.ts";
import { bool } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const upgradeCommand = command({
  name: "upgrade",
  summary: "Show whether a newer release is available",
  description:
    'Prints the versions of the program and of the daemon, and the newest version that the release feed names. The feed is a URL under "release-feed" in config.json; without one, nothing is asked over the network. tbox does not replace its own files: the package of a newer version does.',
  synopsis: "--check",
  flags: { check: bool("Compare the versions, and change nothing") },
  arguments: exactly(0),
  examples: [{ line: "tbox upgrade --check", purpose: "Ask the release feed for the newest version" }],
  async run({ flags: { check } }) {
    if (!check) {
      throw invalidArgument(
        "tbox does not replace its own files: install the package of the newer version, or use --check to look for one",
      );
    }
    const daemon = daemonVersion(await fetchJson("GET /version"));
    await print(`program  ${version}\ndaemon   ${daemon}\n`);
    if (daemon !== version)
      await print("Restart the daemon to use the program's version: tbox daemon stop\n");
    const { latest } = await fetchJson("GET /tbox/release");
    await print(`newest   ${latest ?? 'unknown: set "release-feed" in ~/.config/tbox/config.json'}\n`);
    if (latest !== undefined) await print(`${advice(latest)}\n`);
    return 0;
  },
});

/** Returns the version of tbox; of another engine, its own. */
function daemonVersion({ Components, Version }: VersionAnswer): string {
  return Components.find(({ Name }) => Name === "tbox")?.Version ?? Version;
}

function advice(latest: string): string {
  return Bun.semver.order(latest, version) > 0
    ? "A newer release is available. Install its package; containers continue."
    : "No newer release is available.";
}
