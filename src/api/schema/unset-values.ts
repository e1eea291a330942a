import { isRecord } from "#support/json.ts";

/** Values by the name of a field. */
export type ValueLists = Record<string, readonly unknown[]>;

/** Reports whether a client's value requests nothing: null, "", 0, false, [], {}, or an object of those. */
export function isUnset(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isUnset);
}

/** Reports whether the list of a field contains a value, apart from the value's unset fields. */
export function matchesAny(value: unknown, lists: ValueLists, name: string): boolean {
  const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (list === undefined) return false;
  const compared = isRecord(value) ? withoutUnset(value) : value;
  return list.some((listed) => Bun.deepEquals(compared, listed));
}

function withoutUnset(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => !isUnset(item)));
}
