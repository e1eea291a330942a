import { z } from "zod";

/** Marks a validation issue: the request is valid, but asks for something tbox does not do yet. */
export const notSupported = { notSupported: true };

export interface DockerObjectRules {
  /**
   * Fields of Docker's API that tbox does not honour. They may be sent with a value that asks for nothing:
   * null, "", 0, false, [], {}, objects of those, or one of the values listed here.
   */
  unsupported?: Record<string, readonly unknown[]>;
  /** Why some of them never will be, and what to do instead. */
  reasons?: Record<string, string>;
  /** Values of honoured fields that mean "not set", besides null and "". */
  unset?: Record<string, readonly unknown[]>;
}

/**
 * An object as Docker's clients send it, with every field of theirs filled in. What is not set is left out of
 * the result; what tbox would not honour is refused by name.
 */
export function dockerObject<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  { unsupported = {}, reasons = {}, unset = {} }: DockerObjectRules = {},
) {
  return z.preprocess((input, context) => {
    if (!isRecord(input)) return input;
    const entries = Object.entries(input).map(([name, value]) => [spelt(shape, name), value] as const);
    const kept = entries.filter(([name, value]) => {
      if (value === null || value === "") return false;
      if (Object.hasOwn(shape, name)) return !isListed(value, unset, name);
      if (isUnset(value) || isListed(value, unsupported, name)) return false;
      const known = Object.hasOwn(unsupported, name);
      context.issues.push({
        code: "custom",
        input: value,
        path: [name],
        message: known ? (reasons[name] ?? "not supported yet") : "unknown field",
        params: known ? notSupported : {},
      });
      return false;
    });
    return Object.fromEntries(kept);
  }, sparseObject(shape));
}

/** Combinations of fields whose schemas are kept: clients send few, an attacker could send many. */
const mostParts = 500;

/**
 * A strict object that is checked in the time its present fields take: a request to create a container has fifteen
 * of a hundred, and to look for the others takes longer than the rest. Fields that it has not must be gone.
 */
function sparseObject<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const whole = z.strictObject(shape);
  const required = Object.keys(shape).filter((name) => shape[name]?._zod.optin !== "optional");
  const parts = new Map<string, z.ZodObject>();
  const partOf = (value: object) => {
    const names = Object.keys(value).concat(required);
    const key = names.join();
    const known = parts.get(key);
    if (known) return known;
    const part = z.strictObject(Object.fromEntries(names.map((name) => [name, shape[name]])));
    if (parts.size >= mostParts) parts.clear();
    parts.set(key, part);
    return part;
  };
  const check = whole._zod.run;
  whole._zod.run = (payload, context) =>
    (isRecord(payload.value) ? partOf(payload.value)._zod.run : check)(payload, context);
  return whole;
}

/** A field's own spelling: Docker takes every mixture of upper and lower case, and clients send some. */
function spelt(shape: z.core.$ZodLooseShape, name: string): string {
  if (Object.hasOwn(shape, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(shape).find((known) => known.toLowerCase() === lower) ?? name;
}

/** A map whose keys are anything, `__proto__` too, and whose values pass the schema. */
export function dictionary<Value>(value: z.ZodType<Value>) {
  const map = z.unknown().transform((input, context): Record<string, Value> => {
    if (!isRecord(input)) {
      context.issues.push({ code: "custom", input, message: "Invalid input: expected object" });
      return z.NEVER;
    }
    return Object.fromEntries(
      Object.entries(input).flatMap(([name, item]): [string, Value][] => {
        const result = value.safeParse(item);
        if (result.success) return [[name, result.data]];
        for (const issue of result.error.issues) {
          const params = issue.code === "custom" ? (issue.params ?? {}) : {};
          const path = [name, ...issue.path];
          context.issues.push({ code: "custom", input: item, path, message: issue.message, params });
        }
        return [];
      }),
    );
  });
  return map.meta({ type: "object" });
}

/** Whether a value of a client says that nothing is asked for. */
function isUnset(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isUnset);
}

function isListed(value: unknown, lists: Record<string, readonly unknown[]>, name: string): boolean {
  const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (list === undefined) return false;
  const compared = isRecord(value) ? withoutUnset(value) : value;
  return list.some((listed) => Bun.deepEquals(compared, listed));
}

function withoutUnset(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => !isUnset(item)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
