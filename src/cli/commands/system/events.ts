import { requestLines } from "#client/api.ts";
import { type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { filtersQuery, parseFilter } from "../../arguments/filters.ts";
import { listOf, parsed, text } from "../../flags/kinds.ts";
import { compileFormat } from "../../format/listing.ts";
import { parseTimestamp } from "../../format/time.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const timestamp = (value: string) => parseTimestamp(value, Date.now());

export const eventsCommand = command({
  synopsis: "[OPTIONS]",
  description: "Show what happens, as it happens",
  flags: {
    filter: listOf("Filter output based on conditions provided", parseFilter, {
      short: "f",
      valueName: "filter",
    }),
    format: text("Format output using a template: 'json' or 'TEMPLATE'"),
    since: parsed("Show all events created since timestamp", timestamp),
    until: parsed("Stream events until this timestamp", timestamp),
  },
  arguments: exactly(0),
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
