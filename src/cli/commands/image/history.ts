import type { HistoryStep } from "#api/answers/images.ts";
import { fetchJson } from "#client/endpoints.ts";
import { humanDuration } from "#support/time/human-duration.ts";
import { bool, parsed } from "../../flags/kinds.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { decimalSize } from "../../format/size.ts";
import { goTime } from "../../format/time.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { parsePlatformFlag } from "../../values/platform.ts";

const listing: Listing = {
  headings: {
    ID: "IMAGE",
    CreatedSince: "CREATED",
    CreatedAt: "CREATED AT",
    CreatedBy: "CREATED BY",
    Size: "SIZE",
    Comment: "COMMENT",
  },
  columns: ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
  quiet: "ID",
};

export const historyCommand = command({
  name: "history",
  aliases: ["image history"],
  summary: "Show the history of an image",
  synopsis: "[OPTIONS] IMAGE",
  flags: {
    format: listFormatFlag,
    human: bool("Print sizes and dates in human readable format", { short: "H", initial: true }),
    "no-trunc": bool("Don't truncate output"),
    platform: parsed("Show history for the given platform (os/arch[/variant])", parsePlatformFlag),
    quiet: bool("Only show image IDs", { short: "q" }),
  },
  arguments: exactly(1),
  examples: [{ line: "tbox history --no-trunc debian:12", purpose: "Show the complete commands" }],
  remote: true,
  async run({ flags, positionals: [name = ""] }) {
    const steps = await fetchJson("GET /images/{name}/history", {
      name,
      query: { platform: flags.platform },
    });
    const options = { human: flags.human, truncate: !flags["no-trunc"], now: Date.now() };
    await print(
      renderListing(
        listing,
        steps.map((step) => row(step, options)),
        flags,
      ),
    );
    return 0;
  },
});

interface RowOptions {
  human: boolean;
  truncate: boolean;
  now: number;
}

function row(step: HistoryStep, { human, truncate, now }: RowOptions): Record<string, unknown> {
  const created = step.Created * 1000;
  const by = step.CreatedBy.replaceAll("\t", " ");
  const { Id: id } = step;
  const at = created > 0 ? new Date(created).toISOString().replace(".000", "") : "N/A";
  return {
    ID: truncate && id.startsWith("sha256:") ? id.slice(7, 19) : id,
    CreatedAt: created > 0 ? goTime(created) : "N/A",
    CreatedSince: human && created > 0 ? `${humanDuration(now - created)} ago` : at,
    CreatedBy: truncate && by.length > 45 ? `${by.slice(0, 44)}…` : by,
    Size: human ? decimalSize(step.Size, 3) : String(step.Size),
    Comment: step.Comment,
  };
}
