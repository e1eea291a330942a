import { pathTo, request, requestJson } from "#client/api.ts";
import { asObject, objectAt, textAt } from "#client/json.ts";
import { decodeFrames } from "#client/streams/frames.ts";
import { bool, parsed, text, unsupportedBool } from "../../flags/kinds.ts";
import { parseTimestamp } from "../../format/time.ts";
import { openOutput } from "../../output/byte-sink.ts";
import { command, exactly } from "../../registry/command.ts";

const timestamp = (value: string) => parseTimestamp(value, Date.now());

export const logsCommand = command({
  name: "logs",
  aliases: ["container logs"],
  summary: "Fetch the logs of a container",
  rank: 7,
  synopsis: "[OPTIONS] CONTAINER",
  flags: {
    details: unsupportedBool("Show extra details provided to logs"),
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
  async run({ flags, positionals: [name = ""] }) {
    const container = asObject(await requestJson("GET", pathTo("containers", name, "/json")));
    const query = {
      stdout: "1",
      stderr: "1",
      follow: flags.follow ? "1" : undefined,
      timestamps: flags.timestamps ? "1" : undefined,
      since: flags.since,
      until: flags.until,
      tail: flags.tail ?? "all",
    };
    const { body } = await request("GET", pathTo("containers", textAt(container, "Id"), "/logs"), { query });
    if (body === null) return 0;
    const write = openOutput();
    if (objectAt(container, "Config").Tty === true) {
      for await (const bytes of body) await write("stdout", bytes);
    } else {
      for await (const { type, bytes } of decodeFrames(body))
        await write(type === 2 ? "stderr" : "stdout", bytes);
    }
    return 0;
  },
});
