import { checkName, hasContext, saveContext } from "#client/contexts/context-store.ts";
import { list, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { copyEndpoint, metadataOf, parseDockerEndpoint } from "./docker-endpoint.ts";

export const createContextCommand = command({
  name: "context create",
  summary: "Create a context",
  description:
    "Stores the context in the directory of Docker's client, which can use it too. The fields of --docker are host (unix://, tcp:// or ssh://), ca, cert, key, skip-tls-verify and from.",
  synopsis: "[OPTIONS] CONTEXT",
  flags: {
    description: text("Description of the context"),
    docker: list("Set the docker endpoint", { valueName: "stringToString" }),
    from: text("Create context from a named context"),
  },
  arguments: exactly(1),
  examples: [
    {
      line: "tbox context create build --docker host=ssh://me@build.example.org",
      purpose: "Create a context for the daemon of another host",
    },
  ],
  async run({ flags: { description, docker, from }, positionals: [name = ""] }) {
    checkName(name);
    if (hasContext(process.env, name)) throw new ExitError(`context "${name}" already exists`, 1);
    if (from !== undefined && docker.length > 0) {
      throw new ExitError("cannot use --docker flag when --from is set", 1);
    }
    const endpoint = await (docker.length > 0
      ? parseDockerEndpoint(docker)
      : copyEndpoint(from ?? "default"));
    saveContext(process.env, metadataOf(name, description, endpoint), endpoint.files);
    await print(`${name}\n`);
    printError(`Successfully created context "${name}"`, "bare");
    return 0;
  },
});
