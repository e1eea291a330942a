import { z } from "zod";

export type JsonObject = Record<string, unknown>;
export type Schema = z.ZodType;

/** Objects that transforming schemas accept, by schema. */
const objects = new WeakMap<object, z.ZodType>();

/** Declares the object that a transforming schema accepts, for the JSON Schema. Returns the schema. */
export function registerObject<Transforming extends z.ZodType>(
  schema: Transforming,
  object: z.ZodType,
): Transforming {
  objects.set(schema, object);
  return schema;
}

/** Returns the JSON Schema of a request. Rules that only code can check are left out. */
export function toJsonSchema(schema: z.ZodType): JsonObject {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const object = objects.get(zodSchema);
      if (object !== undefined) Object.assign(jsonSchema, toJsonSchema(object));
    },
  });
}
