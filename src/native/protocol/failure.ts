import { z } from "zod";

export const failureSchema = z.object({
  kind: z.enum([
    "command-not-found",
    "command-not-executable",
    "invalid-argument",
    "invalid-image",
    "digest-mismatch",
    "unmapped-id",
    "not-found",
    "not-running",
    "exhausted",
    "system",
  ]),
  step: z.string(),
  subject: z.string().optional(),
  errno: z.number().optional(),
  message: z.string(),
});

/** A failed step of the helper. */
export type Failure = z.infer<typeof failureSchema>;
