import { type ContainerFlags, containerFlags } from "../../container-flags/flags.ts";
import { bool, text } from "../../flags/kinds.ts";
import { command, type Invocation } from "../../registry/command.ts";
import { runContainer } from "./run/run-container.ts";

export const runFlags = {
  ...containerFlags,
  detach: bool("Run container in background and print container ID", { short: "d" }),
  "detach-keys": text("Override the key sequence for detaching a container"),
  "sig-proxy": bool("Proxy received signals to the process", { initial: true }),
};

export type RunInvocation = Invocation<ContainerFlags & typeof runFlags>;

export const runCommand = command({
  synopsis: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  description: "Create and run a new container from an image",
  flags: runFlags,
  arguments: { minimum: 0, maximum: Number.POSITIVE_INFINITY },
  placement: "leading",
  failureCode: 125,
  run: runContainer,
});
