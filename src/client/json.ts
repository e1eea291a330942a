import { TboxError } from "#support/errors.ts";

/** An unchecked JSON object; the functions below read its members. */
export type JsonObject = Record<string, unknown>;

/** Reports whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns a value that must be a JSON object. */
export function asObject(value: unknown): JsonObject {
  if (!isObject(value)) throw new TboxError("internal", "the daemon's answer is not a JSON object");
  return value;
}

/** Returns the objects of an array; an empty array for null, as clients of Docker's API do. */
export function asObjects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Returns a member that is an object, or an empty object. */
export function objectAt(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? value : {};
}

/** Returns a member that is text, or the empty text. */
export function textAt(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === "string" ? value : "";
}

/** Returns a member that is a number, or 0. */
export function numberAt(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === "number" ? value : 0;
}

/** Returns the texts of a member that is an array, or an empty array. */
export function textsAt(object: JsonObject, name: string): string[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
