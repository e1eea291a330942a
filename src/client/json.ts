import { isRecord } from "#support/json.ts";
/** An unchecked JSON object; the functions below read its members. */
export type JsonObject = Record<string, unknown>;

/** Returns a member that is an object, or an empty object. */
export function objectAt(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isRecord(value) ? value : {};
}

/** Returns a member that is a text, or an empty text. */
export function textAt(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === "string" ? value : "";
}
