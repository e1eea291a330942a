import { findContext, readTlsFiles, saveContext } from "#client/contexts/context-store.ts";
import { list, text } from "../../flags/kinds.ts";
import { print, printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { parseDockerEndpoint } from "./docker-endpoint.ts";

export const updateContextCommand = command({
  name: "context update",
  summary: "Update a context",
  synopsis: "[OPTIONS] CONTEXT",
  flags: {
    description: text("Description of the context"),
    docker: list("Set the docker endpoint", { valueName: "stringToString" }),
  },
  arguments: exactly(1),
  async run({ flags: { description, docker }, positionals: [name = ""] }) {
    const context = findContext(process.env, name);
    const { metadata } = context;
    const changed = docker.length > 0 ? await parseDockerEndpoint(docker) : undefined;
    saveContext(
      process.env,
      {
        ...metadata,
        ...(description === undefined
          ? {}
          : { Metadata: { ...metadata.Metadata, Description: description } }),
        ...(changed ? { Endpoints: { ...metadata.Endpoints, docker: changed.endpoint } } : {}),
      },
      changed?.files ?? readTlsFiles(context),
    );
    await print(`${name}\n`);
    printError(`Successfully updated context "${name}"`, "bare");
    return 0;
  },
});
