import { z } from "zod";
import { type Digest, parseDigest } from "./digest.ts";

/** Reference to a blob (OCI image-spec, descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Size in bytes. */
  size: number;
}

const digestSchema = z.string().transform((text, context) => {
  try {
    return parseDigest(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "invalid digest" });
    return z.NEVER;
  }
});

export const descriptorSchema = z.object({
  // Media types are case-insensitive (RFC 6838, section 4.2).
  mediaType: z.string().toLowerCase(),
  digest: digestSchema,
  size: z.int().nonnegative(),
  urls: z.array(z.string()).optional(),
});
