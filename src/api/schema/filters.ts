import { z } from "zod";
import { dictionary } from "./dictionary.ts";
import { parseJson } from "./json.ts";

/** Filters as JSON: `{"name":["a"]}`, or `{"name":{"a":true}}` from Go clients. */
const filters = dictionary(
  z.union([z.array(z.string()), dictionary(z.boolean()).transform((set) => Object.keys(set))]),
);

/** Schema of the query parameter `filters`. */
export const queryFilters = z
  .string()
  .transform((text, context) => {
    try {
      const result = filters.safeParse(parseJson(text));
      if (result.success) return new Map(Object.entries(result.data));
    } catch {}
    context.issues.push({ code: "custom", input: text, message: "invalid filter" });
    return z.NEVER;
  })
  .exactOptional();
