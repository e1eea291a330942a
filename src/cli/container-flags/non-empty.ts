/** Returns a list, or nothing for an empty one, which the JSON of a request leaves out. */
export function nonEmpty<T>(values: T[]): T[] | undefined {
  return values.length === 0 ? undefined : values;
}
