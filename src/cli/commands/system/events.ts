import type { EventLine } from "#api/answers/system.ts";
import { fetchLines } from "#client/endpoints.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { parsed, text } from "../../flags/kinds.ts";
import { toJson } from "../../format/json.ts";
import { compileFormat } from "../../format/listing.ts";
import { parseTimestamp } from "../../format/time.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const timestamp = (value: string) => parseTimestamp(value, Date.now());

/** Parses the last moment. Events have nanoseconds, so a duration before now counts from the end of this millisecond. */
const lastMoment = (value: string) => parseTimestamp(value, Date.now() + 1);

export const eventsCommand = command({
  name: "events",
  aliases: ["system events"],
  summary: "Get real time events from the server",
  synopsis: "[OPTIONS]",
  flags: {
    filter: filterFlag("Filter output based on conditions provided"),
    format: text("Format output using a template: 'json' or 'TEMPLATE'"),
    since: parsed("Show all events created since timestamp", timestamp),
    until: parsed("Stream events until this timestamp", lastMoment),
  },
  arguments: exactly(0),
  examples: [
    {
      line: "tbox events --filter type=container --filter event=die",
      purpose: "Print the ends of containers",
    },
    { line: "tbox events --since 1h --until 0s", purpose: "Print the events of the last hour and return" },
  ],
  remote: true,
  async run({ flags }) {
    const query = { since: flags.since, until: flags.until, filters: filtersQuery(flags.filter) };
    const show = flags.format === undefined ? sentence : formatted(flags.format);
    for await (const event of fetchLines("GET /events", { query })) await print(`${show(event)}\n`);
    return 0;
  },
});

function formatted(format: string): (event: EventLine) => string {
  return format === "json" ? toJson : compileFormat(format);
}

/** Formats an event as Docker does: time, type, action, ID, and attributes by name. */
function sentence({ Type, Action, Actor, timeNano }: EventLine): string {
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
  // The client returns small integers as numbers.
  const nanoseconds = BigInt(timeNano);
  const second = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  const rest = attributes === "" ? "" : ` (${attributes})`;
  return `${second}.${fraction}Z ${Type} ${Action} ${Actor.ID}${rest}`;
}
