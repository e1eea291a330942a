import { fetchJson } from "#client/endpoints.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

/** Letters by kind of change. */
const letters = { 0: "C", 1: "A", 2: "D" };

export const diffCommand = command({
  name: "diff",
  aliases: ["container diff"],
  summary: "Inspect changes to files or directories on a container's filesystem",
  description: "Prints A for an added, C for a changed and D for a deleted path.",
  synopsis: "CONTAINER",
  flags: {},
  arguments: exactly(1),
  remote: true,
  async run({ positionals: [name = ""] }) {
    const changes = await fetchJson("GET /containers/{name}/changes", { name });
    await print((changes ?? []).map(({ Kind, Path }) => `${letters[Kind] ?? "?"} ${Path}\n`).join(""));
    return 0;
  },
});
