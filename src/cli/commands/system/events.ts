import { requestLines } from "#client/api.ts";
import { type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { parsed, text } from "../../flags/kinds.ts";
import { compileFormat } from "../../format/listing.ts";
import { parseTimestamp } from "../../format/time.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const timestamp = (value: string) => parseTimestamp(value, Date.now());

export const eventsCommand = command({
  name: "events",
  aliases: ["system events"],
  summary: "Get real time events from the server",
  synopsis: "[OPTIONS]",
  flags: {
    filter: filterFlag("Filter output based on conditions provided"),
    format: text("Format output using a template: 'json' or 'TEMPLATE'"),
    since: parsed("Show all events created since timestamp", timestamp),
    until: parsed("Stream events until this timestamp", timestamp),
  },
  arguments: exactly(0),
  examples: [
    {
      line: "tbox events --filter type=container --filter event=die",
      purpose: "Print the ends of containers",
    },
    { line: "tbox events --since 1h --until 0s", purpose: "Print the events of the last hour and return" },
  ],
  async run({ flags }) {
    const query = { since: flags.since, until: flags.until, filters: filtersQuery(flags.filter) };
    const show = flags.format === undefined ? sentence : formatted(flags.format);
    for await (const event of requestLines("GET", "/events", { query })) await print(`${show(event)}\n`);
    return 0;
  },
});

function formatted(format: string): (event: JsonObject) => string {
  return format === "json" ? (event) => JSON.stringify(event) : compileFormat(format);
}

/** As Docker shows an event: time, type, action, ID, attributes by name. */
function sentence(event: JsonObject): string {
  const actor = objectAt(event, "Actor");
  const attributes = Object.entries(objectAt(actor, "Attributes"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
  const nano = numberAt(event, "timeNano");
  const time = new Date(Math.floor(nano / 1e6)).toISOString().slice(0, -1);
  const rest = attributes === "" ? "" : ` (${attributes})`;
  return `${time}000000Z ${textAt(event, "Type")} ${textAt(event, "Action")} ${textAt(actor, "ID")}${rest}`;
}
