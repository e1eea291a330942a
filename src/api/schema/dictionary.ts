import { z } from "zod";
import { isRecord } from "#support/json.ts";
import { copyIssues } from "./copy-issues.ts";

/**
 * Returns the schema of a map with any keys, `__proto__` too, and with values that pass a schema. Null is an empty map,
 * as for Go.
 */
export function dictionary<Value>(value: z.ZodType<Value>) {
  const map = z.unknown().transform((given, context): Record<string, Value> => {
    const input = given === null ? {} : given;
    if (!isRecord(input)) {
      context.issues.push({ code: "custom", input, message: "Invalid input: expected object" });
      return z.NEVER;
    }
    return Object.fromEntries(
      Object.entries(input).flatMap(([name, item]): [string, Value][] => {
        const result = value.safeParse(item);
        if (result.success) return [[name, result.data]];
        copyIssues(result.error, item, context, [name]);
        return [];
      }),
    );
  });
  return map.meta({ type: "object" });
}
