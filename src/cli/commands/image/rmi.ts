import type { RemovedImageAnswer } from "#api/answers/images.ts";
import { DaemonError } from "#client/daemon/daemon-error.ts";
import { fetchJson } from "#client/endpoints.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { bool, listOf } from "../../flags/kinds.ts";
import { printError } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";
import { parsePlatformFlag } from "../../values/platform.ts";

export const rmiCommand = command({
  name: "rmi",
  aliases: ["image rm", "image remove"],
  summary: "Remove one or more images",
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  flags: {
    force: bool("Force removal of the image", { short: "f" }),
    "no-prune": bool("Do not delete untagged parents"),
    platform: listOf("Remove only the given platform variant", parsePlatformFlag),
  },
  arguments: atLeast(1),
  examples: [{ line: "tbox rmi app:1", purpose: "Remove a tag, and the image with its last tag" }],
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const query = {
        force: flags.force ? "1" : undefined,
        noprune: flags["no-prune"] ? "1" : undefined,
        platforms: flags.platform,
      };
      try {
        const removed = await fetchJson("DELETE /images/{name}", { name, query });
        return removed.map(describe).join("");
      } catch (error) {
        if (!flags.force || !(error instanceof DaemonError) || error.status !== 404) throw error;
        printError(error.message);
        return "";
      }
    }),
});

function describe({ Untagged, Deleted }: RemovedImageAnswer): string {
  return Untagged === undefined ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged}\n`;
}
