import { z } from "zod";
import { isRecord } from "#support/json.ts";
import { ignoreName } from "./ignored-names.ts";
import { registerObject } from "./json-schema.ts";
import { sparseObject } from "./sparse-object.ts";
import { isUnset, matchesAny, type ValueLists } from "./unset-values.ts";

/** Parameters of a validation issue for a valid request that tbox does not support yet. */
export const notSupported = { notSupported: true };

export interface DockerObjectRules {
  /**
   * Fields of Docker's API that tbox does not honour. Clients may send them with a value that requests nothing: null,
   * "", 0, false, [], {}, objects of those, or one of the values listed here.
   */
  unsupported?: ValueLists;
  /** Fields that only answers have. Clients send them back, and they are ignored. */
  answersOnly?: readonly string[];
  /** Messages for fields that will never be supported; each names an alternative. */
  reasons?: Record<string, string>;
  /** Values of honoured fields that are set although they are empty. */
  meaningful?: ValueLists;
  /** Values of honoured fields that mean "not set", besides null and "". */
  unset?: ValueLists;
}

/**
 * Returns the schema of an object as Docker's clients send it, with a value for every field. The result has no unset
 * fields. Fields of Docker's API that tbox does not honour are refused by name. Unknown fields are ignored. Null is an
 * object without fields, as for Go.
 */
export function dockerObject<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  rules: DockerObjectRules = {},
) {
  const { whole, check } = sparseObject(shape);
  const schema = z
    .transform((given: unknown, context) => {
      // As in Docker, null and an absent body are empty objects.
      const input = given ?? {};
      if (!isRecord(input)) return check(input, context);
      const fields = honouredFields(shape, input, rules, context);
      return context.issues.length > 0 ? z.NEVER : check(fields, context);
    })
    .pipe(z.custom<z.output<typeof whole>>());
  return registerObject(schema, whole);
}

/** Returns the fields that are set, under the schema's spelling, and reports those that are not honoured. */
function honouredFields(
  shape: object,
  input: Record<string, unknown>,
  { unsupported = {}, answersOnly = [], reasons = {}, unset = {}, meaningful = {} }: DockerObjectRules,
  context: z.core.$RefinementCtx,
): Record<string, unknown> {
  const spell = (name: string) => spellingOf([shape, unsupported], name);
  const entries = Object.entries(input).map(([name, value]) => [spell(name), value] as const);
  const honoured = entries.filter(([name, value]) => {
    if (value === "" && matchesAny(value, meaningful, name)) return true;
    if (value === null || value === "") return false;
    if (Object.hasOwn(shape, name)) return !matchesAny(value, unset, name);
    if (answersOnly.includes(name) || isUnset(value) || matchesAny(value, unsupported, name)) return false;
    if (Object.hasOwn(unsupported, name)) {
      const message = reasons[name] ?? "not supported";
      context.issues.push({ code: "custom", input: value, path: [name], message, params: notSupported });
    } else ignoreName("field", name);
    return false;
  });
  return Object.fromEntries(honoured);
}

/** Returns a field's known spelling: Docker ignores upper and lower case, and some clients rely on it. */
function spellingOf(known: readonly object[], name: string): string {
  if (known.some((names) => Object.hasOwn(names, name))) return name;
  const lower = name.toLowerCase();
  return known.flatMap(Object.keys).find((candidate) => candidate.toLowerCase() === lower) ?? name;
}
