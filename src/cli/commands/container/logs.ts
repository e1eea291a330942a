import { pathTo, request, requestJson } from "#client/api.ts";
import { asObject, objectAt, textAt } from "#client/json.ts";
import { decodeFrames } from "#client/streams/frames.ts";
import { bool, parsed, text, unsupportedBool } from "../../flags/kinds.ts";
import { parseTimestamp } from "../../format/time.ts";
import { command, exactly } from "../../registry/command.ts";
import { openOutput } from "../../terminal/session.ts";

const timestamp = (value: string) => parseTimestamp(value, Date.now());

export const logsCommand = command({
  synopsis: "[OPTIONS] CONTAINER",
  description: "Show what a container has written",
  flags: {
    details: unsupportedBool("Show extra details provided to logs"),
    follow: bool("Follow log output", { short: "f" }),
    since: parsed(
      'Show logs since a time (e.g. "2026-01-31T13:23:37Z") or for a duration (e.g. "42m")',
      timestamp,
    ),
    tail: text("Number of lines to show from the end of the logs", { short: "n", shownDefault: '"all"' }),
    timestamps: bool("Show timestamps", { short: "t" }),
    until: parsed(
      'Show logs before a time (e.g. "2026-01-31T13:23:37Z") or a duration ago (e.g. "42m")',
      timestamp,
    ),
  },
  arguments: exactly(1),
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
