import { collectIgnored } from "#api/schema/ignored-names.ts";
import { type CheckedRunRequest, runRequestSchema } from "#api/streams/run-request.ts";
import { isRecord } from "#support/json.ts";

/** A checked request, and a warning for each name in it that is ignored. */
export interface CheckedRun {
  value: CheckedRunRequest;
  warnings: string[];
}

/** Maximum number of remembered requests, and of characters of each. */
const capacity = 32;
const longest = 4096;

/** Checked requests as JSON, by the JSON of the request; both without the parts that `split` removes. */
const known = new Map<string, string>();

/**
 * Checks a run request; throws for an invalid one. A client that runs one program after the other sends the same options
 * again and again, so the newest checked ones are remembered: a check takes a tenth of the daemon's share of a start.
 */
export function checkRunRequest(request: unknown): CheckedRun {
  const parts = split(request);
  // JSON omits undefined values, as the schema expects.
  if (parts === undefined) return check(JSON.parse(JSON.stringify(request)));
  const { own, text } = parts;
  const found = known.get(text);
  const { value, warnings }: CheckedRun = found === undefined ? check(JSON.parse(text)) : JSON.parse(found);
  if (found === undefined && text.length <= longest) {
    if (known.size >= capacity) known.clear();
    known.set(text, JSON.stringify({ value, warnings }));
  }
  return { value: { ...value, container: { ...value.container, ...own } }, warnings };
}

function check(request: unknown): CheckedRun {
  return collectIgnored(() => runRequestSchema.parse(request));
}

/** Parts of a request that differ from run to run, and may be secret. The schema leaves them as they are. */
interface OwnParts {
  Image?: string;
  Cmd?: string[];
  Env?: string[];
}

/** Splits a request into these parts and the JSON of the rest. Returns undefined for a request that needs a whole check. */
function split(request: unknown): { own: OwnParts; text: string } | undefined {
  if (!isRecord(request) || !isRecord(request.container)) return undefined;
  const { Image, Cmd, Env, ...container } = request.container;
  const own: OwnParts = {};
  if (isText(Image)) own.Image = Image;
  else if (Image !== undefined) return undefined;
  if (areTexts(Cmd)) own.Cmd = Cmd;
  else if (Cmd !== undefined) return undefined;
  if (areTexts(Env)) own.Env = Env;
  else if (Env !== undefined) return undefined;
  return { own, text: JSON.stringify({ ...request, container }) };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
