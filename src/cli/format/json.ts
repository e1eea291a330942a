/** Returns a value as JSON. A large integer keeps all its digits, as in Go; `JSON.stringify` refuses it. */
export function toJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  // Lists of Docker's types that the answer has as null are shown as such.
  if (typeof value === "object" && value !== null && "toJSON" in value && typeof value.toJSON === "function")
    return toJson(value.toJSON());
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && typeof member !== "function")
    .map(([name, member]) => `${JSON.stringify(name)}:${toJson(member)}`);
  return `{${members.join(",")}}`;
}
