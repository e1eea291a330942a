import { z } from "zod";
import { parseJson } from "./json.ts";

const platformSchema = z.object({
  os: z.string().min(1),
  architecture: z.string().min(1),
  variant: z.string().optional(),
});

/** A platform as the specification's JSON object: what a query holds where it means one of several. */
export const queryPlatform = z
  .string()
  .transform((text, context) => {
    try {
      return platformSchema.parse(parseJson(text));
    } catch {
      context.addIssue({ code: "custom", message: 'expected {"os":…,"architecture":…} as JSON' });
      return z.NEVER;
    }
  })
  .exactOptional();
