import { text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";

export const updateVolumeCommand = command({
  name: "volume update",
  summary: "Update a volume (cluster volumes only, which tbox does not have)",
  synopsis: "[OPTIONS] VOLUME",
  flags: { availability: text('Cluster Volume availability ("active", "pause", "drain")') },
  arguments: exactly(1),
  run({ positionals: [name = ""] }) {
    // Docker updates cluster volumes only.
    const reason = "only cluster volumes can be updated, and there is no Swarm";
    return Promise.reject(new ExitError(`volume ${name} cannot be updated: ${reason}`, 1));
  },
});
