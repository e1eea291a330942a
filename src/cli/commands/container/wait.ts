import { pathTo, requestJson } from "#client/api.ts";
import { asObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { TboxError } from "#support/errors.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { atLeast, command } from "../../registry/command.ts";

export const waitCommand = command({
  name: "wait",
  aliases: ["container wait"],
  summary: "Block until one or more containers stop, then print their exit codes",
  synopsis: "CONTAINER [CONTAINER...]",
  flags: {},
  arguments: atLeast(1),
  run: ({ positionals }) =>
    forEachName(positionals, async (name) => {
      const status = asObject(await requestJson("POST", pathTo("containers", name, "/wait")));
      const message = textAt(objectAt(status, "Error"), "Message");
      if (message !== "") throw new TboxError("internal", message);
      return `${numberAt(status, "StatusCode")}\n`;
    }),
});
