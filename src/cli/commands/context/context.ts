import { daemonSocket } from "#client/daemon/socket-path.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const contextCommand = command({
  name: "context",
  summary: "Print the DOCKER_HOST setting for Docker's clients",
  description:
    "Contexts name the daemons of other hosts. tbox and Docker's client share them: see tbox help context ls.",
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
    const { address, path } = await daemonSocket();
    await print(`export DOCKER_HOST=${address ?? `unix://${path}`}\n`);
    return 0;
  },
});
