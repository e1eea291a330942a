import { z } from "zod";
import { createContainerSchema } from "../requests/create-container.ts";

/** Schema of the body of `POST /tbox/run`. */
export const runRequestSchema = z.strictObject({
  name: z.string().exactOptional(),
  platform: z.string().exactOptional(),
  pull: z.enum(["always", "missing", "never"]),
  detach: z.boolean(),
  container: createContainerSchema,
  archive: z.base64().exactOptional(),
});

export type CheckedRunRequest = z.infer<typeof runRequestSchema>;

/** Schema of a `RunControl` frame. */
export const runControlSchema = z.discriminatedUnion("control", [
  z.strictObject({
    control: z.literal("resize"),
    columns: z.int().min(0).max(65535),
    rows: z.int().min(0).max(65535),
  }),
  z.strictObject({ control: z.literal("signal"), signal: z.string() }),
]);
