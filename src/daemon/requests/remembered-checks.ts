import { isRecord } from "#support/json.ts";

/** A checked request, and a warning for each name in it that is ignored. */
export interface Checked<Value> {
  value: Value;
  warnings: string[];
}

/** Maximum number of remembered requests, and of characters of each. */
const capacity = 32;
const longest = 4096;

/**
 * Returns a check of requests for a container that remembers the newest checked ones, without the parts that `split`
 * removes. A client that runs one program after the other sends the same options again and again, and a check takes a
 * tenth of the daemon's share of a start. `check` throws for an invalid request.
 */
export function rememberChecks<Value extends { container: object }>(
  check: (request: unknown) => Checked<Value>,
): (request: unknown) => Checked<Value> {
  /** Checked requests as JSON, by the JSON of the request; both without the removed parts. */
  const known = new Map<string, string>();
  return (request) => {
    const parts = split(request);
    // JSON omits undefined values, as the schemas expect.
    if (parts === undefined) return check(JSON.parse(JSON.stringify(request)));
    const { own, text } = parts;
    const found = known.get(text);
    const { value, warnings }: Checked<Value> =
      found === undefined ? check(JSON.parse(text)) : JSON.parse(found);
    if (found === undefined && text.length <= longest) {
      if (known.size >= capacity) known.clear();
      known.set(text, JSON.stringify({ value, warnings }));
    }
    return { value: { ...value, container: { ...value.container, ...own } }, warnings };
  };
}

/** Parts of a container that differ from run to run, and may be secret. The schema leaves them as they are. */
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
