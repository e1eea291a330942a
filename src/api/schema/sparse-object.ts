import { z } from "zod";
import { isRecord } from "#support/json.ts";
import { copyIssues } from "./copy-issues.ts";

/** Maximum number of combinations of fields whose schemas are cached: clients use few, an attacker could send many. */
const cacheSize = 500;

/**
 * Returns an object schema, and a check that takes time for the present fields only: a request that creates a
 * container has fifteen of a hundred fields, and zod spends more time on the absent ones than on the rest.
 */
export function sparseObject<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const whole = z.object(shape);
  const required = Object.keys(shape).filter((name) => !isOptional(shape[name]));
  const parts = new Map<string, z.ZodObject>();
  const partFor = (names: string[]) => {
    const key = names.join();
    const cached = parts.get(key);
    if (cached) return cached;
    const part = z.object(Object.fromEntries(names.map((name) => [name, shape[name]])));
    if (parts.size >= cacheSize) parts.clear();
    parts.set(key, part);
    return part;
  };
  /** Returns the checked value, or adds the issues to the context. */
  const check = (value: unknown, context: z.core.$RefinementCtx): unknown => {
    const schema = isRecord(value) ? partFor(Object.keys(value).concat(required)) : whole;
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    copyIssues(result.error, value, context);
    return z.NEVER;
  };
  return { whole, check };
}

function isOptional(schema: unknown): boolean {
  return schema instanceof z.ZodExactOptional || schema instanceof z.ZodOptional;
}
