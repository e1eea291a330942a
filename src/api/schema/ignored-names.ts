import { z } from "zod";
import { openLog } from "#support/log.ts";
import { copyIssues } from "./copy-issues.ts";
import { registerObject } from "./json-schema.ts";

const log = openLog("api");

/** Maximum number of names that are remembered as logged, and of characters of a name in a message. */
const rememberedNames = 1000;
const shownLength = 100;

const logged = new Set<string>();

/** Warnings of the current `collectIgnored`. Schemas run synchronously, so no two collections overlap. */
let current: string[] | undefined;

/** Reports a name in a request that Docker's API does not have: a warning for the client, and one log line per name. */
export function ignoreName(kind: "field" | "query parameter", name: string): void {
  const warning = `unknown ${kind} ${JSON.stringify(name.slice(0, shownLength))} is ignored`;
  if (!logged.has(warning)) {
    if (logged.size >= rememberedNames) logged.clear();
    logged.add(warning);
    log.warn(warning);
  }
  current?.push(warning);
}

/** Returns the value of a synchronous parse, and a warning for each name that it ignored. */
export function collectIgnored<Value>(parse: () => Value): { value: Value; warnings: string[] } {
  const outer = current;
  const warnings: string[] = [];
  current = warnings;
  try {
    return { value: parse(), warnings };
  } finally {
    current = outer;
  }
}

/** Returns a schema whose result has a warning for each ignored name, besides the parsed value. */
export function withWarnings<Value>(schema: z.ZodType<Value>) {
  const collecting = z.unknown().transform((input, context): { value: Value; warnings: string[] } => {
    const { value: result, warnings } = collectIgnored(() => schema.safeParse(input));
    if (result.success) return { value: result.data, warnings };
    copyIssues(result.error, input, context);
    return z.NEVER;
  });
  return registerObject(collecting, schema);
}
