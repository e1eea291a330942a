import { DaemonError } from "#client/daemon/daemon-error.ts";
import { TboxError } from "#support/errors.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { bool, word } from "../../flags/kinds.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";
import { fetchContainer } from "../container/inspect.ts";
import { fetchImage } from "../image/inspect.ts";

export const inspectCommand = command({
  name: "inspect",
  summary: "Return low-level information on containers and images",
  synopsis: "[OPTIONS] NAME|ID [NAME|ID...]",
  flags: {
    format: objectFormatFlag,
    size: bool("Display total file sizes if the type is container", { short: "s" }),
    type: word("Only inspect objects of the given type (container, image)", ["container", "image"] as const),
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox inspect web", purpose: "Print everything about a container as JSON" },
    {
      line: "tbox inspect -f '{{.State.ExitCode}}' web",
      purpose: "Print one field of a container",
    },
    {
      line: "tbox inspect --type image debian:12",
      purpose: "Inspect an image even if a container has the name",
    },
  ],
  remote: true,
  run: ({ flags: { format, size, type }, positionals }) =>
    inspectEach(positionals, format, (name) => {
      if (type === "container") return fetchContainer(name, size);
      if (type === "image") return fetchImage(name);
      return fetchEither(name, size);
    }),
});

async function fetchEither(name: string, size: boolean): Promise<unknown> {
  for (const fetch of [() => fetchContainer(name, size), () => fetchImage(name)]) {
    try {
      return await fetch();
    } catch (error) {
      if (!(error instanceof DaemonError && error.status === 404)) throw error;
    }
  }
  throw new TboxError("not-found", `No such object: ${name}`);
}
