import { z } from "zod";
import { joinNanoseconds } from "#support/time/timestamp.ts";
import { notSupported } from "./docker-object.ts";
import { ignoreName } from "./ignored-names.ts";

export interface QueryRules {
  /** Parameters of Docker's API that tbox does not honour. They are refused by name when they are set. */
  unsupported?: readonly string[];
}

/**
 * Returns the schema of query parameters. Empty values are unset; parameters that Docker's API does not have are
 * ignored.
 */
export function query<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  { unsupported = [] }: QueryRules = {},
) {
  return z.preprocess((input, context) => {
    if (typeof input !== "object" || input === null) return input;
    const given = Object.entries(input).filter(([, value]) => value !== "" && value !== undefined);
    const known = given.filter(([name, value]) => {
      if (Object.hasOwn(shape, name)) return true;
      if (unsupported.includes(name)) {
        const message = "not supported";
        context.issues.push({ code: "custom", input: value, path: [name], message, params: notSupported });
      } else ignoreName("query parameter", name);
      return false;
    });
    return Object.fromEntries(known);
  }, z.object(shape));
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
