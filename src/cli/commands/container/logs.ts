import { pathTo, request } from "#client/api.ts";
import { fetchJson } from "#client/endpoints.ts";
import { bool, parsed, text } from "../../flags/kinds.ts";
import { parseTimestamp } from "../../format/time.ts";
import { command, exactly } from "../../registry/command.ts";
import { copyOutput } from "../../terminal/connection.ts";

const timestamp = (value: string) => parseTimestamp(value, Date.now());

export const logsCommand = command({
  name: "logs",
  aliases: ["container logs"],
  summary: "Fetch the logs of a container",
  rank: 7,
  synopsis: "[OPTIONS] CONTAINER",
  flags: {
    details: bool("Show extra details provided to logs"),
    follow: bool("Follow log output", { short: "f" }),
    since: parsed(
      'Show logs since timestamp (e.g. "2026-01-31T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      timestamp,
    ),
    tail: text("Number of lines to show from the end of the logs", { short: "n", shownDefault: '"all"' }),
    timestamps: bool("Show timestamps", { short: "t" }),
    until: parsed(
      'Show logs before a timestamp (e.g. "2026-01-31T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      timestamp,
    ),
  },
  arguments: exactly(1),
  examples: [
    { line: "tbox logs -f --tail 20 web", purpose: "Follow the log from its last 20 lines" },
    { line: "tbox logs --since 10m -t web", purpose: "Print the last ten minutes with timestamps" },
  ],
  remote: true,
  async run({ flags, positionals: [name = ""] }) {
    const { Id, Config } = await fetchJson("GET /containers/{name}/json", { name });
    const query = {
      stdout: "1",
      stderr: "1",
      follow: flags.follow ? "1" : undefined,
      timestamps: flags.timestamps ? "1" : undefined,
      details: flags.details ? "1" : undefined,
      since: flags.since,
      until: flags.until,
      tail: flags.tail ?? "all",
    };
    const { body } = await request("GET", pathTo("containers", Id, "/logs"), { query });
    if (body !== null) await copyOutput(body, Config.Tty);
    return 0;
  },
});
