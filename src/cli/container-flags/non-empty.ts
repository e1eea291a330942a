/** Returns the list, or undefined for an empty list, so that the JSON of a request leaves it out. */
export function nonEmpty<T>(values: T[]): T[] | undefined {
  return values.length === 0 ? undefined : values;
}
