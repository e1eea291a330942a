type Labels = Readonly<Record<string, string>>;

/** Returns the test of Docker's filter `label` (all values match) or `label!` (no value matches). */
export function labelFilter(key: "label" | "label!", values: string[]): (labels?: Labels) => boolean {
  if (key === "label") return (labels) => values.every((value) => hasLabel(labels, value));
  return (labels) => !values.some((value) => hasLabel(labels, value));
}

/** Tests for `name`, or for `name=value`. */
function hasLabel(labels: Labels = {}, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
}
