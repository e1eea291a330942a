import { pathTo, requestJson } from "#client/api.ts";
import { asObject, textAt } from "#client/json.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const letters: Record<string, string> = { "0": "C", "1": "A", "2": "D" };

export const diffCommand = command({
  name: "diff",
  aliases: ["container diff"],
  summary: "Inspect changes to files or directories on a container's filesystem",
  description: "Prints A for an added, C for a changed and D for a deleted path.",
  synopsis: "CONTAINER",
  flags: {},
  arguments: exactly(1),
  async run({ positionals: [name = ""] }) {
    const changes = await requestJson("GET", pathTo("containers", name, "/changes"));
    const lines = (Array.isArray(changes) ? changes : []).map((change: unknown) => {
      const { Kind } = asObject(change);
      return `${letters[String(Kind)] ?? "?"} ${textAt(asObject(change), "Path")}\n`;
    });
    await print(lines.join(""));
    return 0;
  },
});
