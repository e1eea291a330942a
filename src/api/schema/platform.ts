import { z } from "zod";
import { parseJson } from "./json.ts";

const platformSchema = z.object({
  os: z.string().min(1),
  architecture: z.string().min(1),
  variant: z.string().optional(),
});

/** Schema of a platform in a query: the JSON object of the OCI image specification. */
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
