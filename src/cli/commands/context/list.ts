import { listContexts } from "#client/contexts/context-store.ts";
import { currentContext, defaultContext } from "#client/contexts/current-context.ts";
import { ownSocket } from "#client/daemon/socket-path.ts";
import { bool } from "../../flags/kinds.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const listing: Listing = {
  headings: {
    Name: "NAME",
    Description: "DESCRIPTION",
    DockerEndpoint: "DOCKER ENDPOINT",
    Error: "ERROR",
    Current: "CURRENT",
    Marked: "NAME",
  },
  columns: ["Marked", "Description", "DockerEndpoint", "Error"],
  quiet: "Name",
};

export const listContextsCommand = command({
  name: "context ls",
  aliases: ["context list"],
  summary: "List contexts",
  synopsis: "[OPTIONS]",
  flags: { format: listFormatFlag, quiet: bool("Only show context names", { short: "q" }) },
  arguments: exactly(0),
  async run({ flags }) {
    const current = await currentContext(process.env);
    const own = {
      name: defaultContext,
      description: "The daemon of this user",
      host: `unix://${(await ownSocket()).path}`,
    };
    const rows = [own, ...listContexts(process.env)].map(({ name, description, host }) => {
      const row = {
        Current: name === current,
        Description: description,
        DockerEndpoint: host,
        Error: "",
        Name: name,
      };
      // Not enumerable: only the default table shows the mark.
      return Object.defineProperty(row, "Marked", { value: name === current ? `${name} *` : name });
    });
    await print(renderListing(listing, rows, flags));
    return 0;
  },
});
