import { daemonSocket } from "#client/daemon/socket-path.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const contextCommand = command({
  name: "context",
  summary: "Print the DOCKER_HOST setting for Docker's clients",
  synopsis: "",
  flags: {},
  arguments: exactly(0),
  examples: [
    {
      line: 'eval "$(tbox context)"',
      purpose: "Use tbox from docker, compose and every library that reads DOCKER_HOST, in this shell",
    },
    {
      line: "docker context create tbox --docker \"host=$(tbox context | sed 's/.*=//')\"",
      purpose: "Create a context for the docker command",
    },
  ],
  async run() {
    await print(`export DOCKER_HOST=unix://${(await daemonSocket()).path}\n`);
    return 0;
  },
});
