/** Formats a value as Go does: `[a b]`, `map[k:v]`, `<no value>`. */
export function goText(value: unknown): string {
  // The common case comes first: listings can have thousands of values.
  if (typeof value === "string") return value;
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, member]) => `${key}:${goText(member)}`).join(" ")}]`;
  }
  return String(value);
}

/** Returns whether a value is true in Go's templates: false, zero, nil and empty values are not. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Returns the length as Go's `len` does; undefined for a value without a length. */
export function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : undefined;
}
