import { currentContext } from "#client/contexts/current-context.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const showContextCommand = command({
  name: "context show",
  summary: "Print the name of the current context",
  synopsis: "",
  flags: {},
  arguments: exactly(0),
  async run() {
    await print(`${await currentContext(process.env)}\n`);
    return 0;
  },
});
