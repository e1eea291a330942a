import { fetchJson } from "#client/endpoints.ts";
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
  remote: true,
  run: ({ positionals }) =>
    forEachName(positionals, async (name) => {
      const { StatusCode, Error: failure } = await fetchJson("POST /containers/{name}/wait", { name });
      if (failure) throw new TboxError("internal", failure.Message);
      return `${StatusCode}\n`;
    }),
});
