import { parseEnvironmentEntry } from "../../container-flags/entries.ts";
import { bool, list, listOf, text } from "../../flags/kinds.ts";
import { command } from "../../registry/command.ts";
import { execInContainer } from "../../terminal/exec-in-container.ts";

export const execFlags = {
  detach: bool("Detached mode: run command in the background", { short: "d" }),
  "detach-keys": text("Override the key sequence for detaching a container"),
  env: listOf("Set environment variables", parseEnvironmentEntry, { short: "e" }),
  "env-file": list("Read in a file of environment variables"),
  interactive: bool("Keep STDIN open even if not attached", { short: "i" }),
  privileged: bool("Give extended privileges to the command"),
  tty: bool("Allocate a pseudo-TTY", { short: "t" }),
  user: text("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
  workdir: text("Working directory inside the container", { short: "w" }),
};

export type ExecFlags = typeof execFlags;

export const execCommand = command({
  synopsis: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  description: "Run a command in a running container",
  flags: execFlags,
  arguments: { minimum: 2, maximum: Number.POSITIVE_INFINITY },
  placement: "leading",
  run: execInContainer,
});
