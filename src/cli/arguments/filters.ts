/** The value of `--filter`. */
export function parseFilter(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new Error(`invalid filter '${text}': it must be name=value`);
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

/** Filters as the API takes them; nothing when there are none. */
export function filtersQuery(filters: [string, string][]): string | undefined {
  if (filters.length === 0) return undefined;
  const query: Record<string, Record<string, boolean>> = {};
  for (const [name, value] of filters) query[name] = { ...query[name], [value]: true };
  return JSON.stringify(query);
}
