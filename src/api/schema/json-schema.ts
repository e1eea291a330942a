import { z } from "zod";

export type JsonObject = Record<string, unknown>;
export type Schema = z.ZodType;

/** What a client may send, as JSON Schema; what only code can check of it is left out. */
export function toJsonSchema(schema: z.ZodType): JsonObject {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      // Of an object that is cleaned before it is checked, the object is what there is to tell.
      if (!(zodSchema instanceof z.ZodPipe) || !(zodSchema.in instanceof z.ZodTransform)) return;
      if (zodSchema.out instanceof z.ZodType) Object.assign(jsonSchema, toJsonSchema(zodSchema.out));
    },
  });
}
