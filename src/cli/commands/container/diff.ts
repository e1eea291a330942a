import { pathTo, requestJson } from "#client/api.ts";
import { asObject, textAt } from "#client/json.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const letters: Record<string, string> = { "0": "C", "1": "A", "2": "D" };

export const diffCommand = command({
  synopsis: "CONTAINER",
  description: "Show what a container has changed of its image: C is changed, A added, D deleted",
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
