import { daemonSocket } from "#client/daemon/connect.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const contextCommand = command({
  synopsis: "",
  description: [
    "Print the line that points Docker's clients at tbox",
    '  eval "$(tbox context)"    for this shell: docker, compose and every library that reads DOCKER_HOST',
    "  docker context create tbox --docker \"host=$(tbox context | sed 's/.*=//')\"    for docker, for good",
  ].join("\n"),
  flags: {},
  arguments: exactly(0),
  async run() {
    await print(`export DOCKER_HOST=unix://${await daemonSocket()}\n`);
    return 0;
  },
});
