import { type ContainerFlags, containerFlags } from "../../container-flags/flags.ts";
import { bool, text } from "../../flags/kinds.ts";
import { atLeast, command, type Invocation } from "../../registry/command.ts";
import { runContainer } from "./run/run-container.ts";

/** Flags of `tbox run`. */
export const runFlags = {
  ...containerFlags,
  detach: bool("Run container in background and print container ID", { short: "d" }),
  "detach-keys": text("Override the key sequence for detaching a container"),
  "sig-proxy": bool("Proxy received signals to the process", { initial: true }),
};

export type RunInvocation = Invocation<ContainerFlags & typeof runFlags>;

export const runCommand = command({
  name: "run",
  aliases: ["container run"],
  summary: "Create and run a new container from an image",
  description:
    "Pulls the image if it is missing, creates a container, starts it and passes on its output, input, signals and exit status. With --detach, prints the container's ID instead and returns.",
  rank: 1,
  synopsis: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  flags: runFlags,
  arguments: atLeast(0),
  placement: "leading",
  failureCode: 125,
  examples: [
    {
      line: "tbox run --rm -it debian:12 bash",
      purpose: "Run a shell in a new container and remove the container afterwards",
    },
    {
      line: "tbox run -d --name web -p 8080:80 nginx",
      purpose: "Run a server in the background and publish its port",
    },
    {
      line: 'tbox run --rm -v "$PWD:/src" -w /src node:22 npm test',
      purpose: "Run a command on the files of the current directory",
    },
  ],
  remote: true,
  run: runContainer,
});
