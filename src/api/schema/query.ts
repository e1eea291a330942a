import { z } from "zod";
import { joinNanoseconds } from "#support/time/timestamp.ts";

/** Returns the schema of query parameters. Empty values are unset; unknown parameters are refused by name. */
export function query<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.preprocess((input, context) => {
    if (typeof input !== "object" || input === null) return input;
    const given = Object.entries(input).filter(([, value]) => value !== "" && value !== undefined);
    for (const [name, value] of given) {
      if (Object.hasOwn(shape, name)) continue;
      const message = "unknown query parameter";
      context.issues.push({ code: "custom", input: value, path: [name], message });
    }
    return Object.fromEntries(given);
  }, z.strictObject(shape));
}

/** Schema of a boolean by Docker's rule: everything is true except 0, no, false, none and the empty text. */
export const queryFlag = z
  .string()
  .transform((text) => !["", "0", "no", "false", "none"].includes(text.trim().toLowerCase()))
  .exactOptional();

export const queryText = z.string().exactOptional();

export const queryInteger = z
  .string()
  .regex(/^[+-]?\d{1,15}$/, "Invalid input: expected an integer")
  .transform(Number)
  .exactOptional();

/** Schema of a time: seconds since the epoch with up to nine decimals. The result is in nanoseconds. */
export const queryTime = z
  .string()
  .regex(/^\d{1,12}(\.\d*)?$/, "Invalid input: expected seconds since the epoch")
  .transform((text) => {
    const [seconds = "0", fraction = ""] = text.split(".");
    return joinNanoseconds(BigInt(seconds), fraction);
  })
  .exactOptional();
