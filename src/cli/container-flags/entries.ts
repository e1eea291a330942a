/** `NAME=value`, or a bare `NAME` that stands for the caller's own value. */
export function parseEnvironmentEntry(text: string): string {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid environment variable: ${text}`);
  return text;
}

/** `name=value` or a bare `name`. */
export function parseLabel(text: string): string {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid label '${text}': empty name`);
  return text;
}

/** `name=value`. */
export function parseSysctl(text: string): string {
  if (!/^[^=]+=/.test(text)) throw new Error(`sysctl '${text}' must be name=value`);
  return text;
}

// Plain loops: the first call of `flatMap` or `fromEntries` costs a start a tenth of a millisecond each.

/** The entries with their values; a bare name takes the caller's value and is dropped when there is none. */
export function resolveEnvironment(
  entries: readonly string[],
  caller: Record<string, string | undefined>,
): string[] {
  const resolved: string[] = [];
  for (const entry of entries) {
    if (entry.includes("=")) resolved.push(entry);
    else if (caller[entry] !== undefined) resolved.push(`${entry}=${caller[entry]}`);
  }
  return resolved;
}

/** `name=value` entries as an object; later ones win, a bare name has an empty value. */
export function toRecord(entries: readonly string[]): Record<string, string> {
  // A name such as `__proto__` is a name like any other.
  const record: Record<string, string> = Object.create(null);
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals === -1) record[entry] = "";
    else record[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return record;
}

/** The entries of files in order, then those of the command line. */
export async function entriesOf(
  paths: string[],
  entries: string[],
  read: (path: string) => Promise<string[]>,
): Promise<string[]> {
  if (paths.length === 0) return entries;
  const fromFiles = await Promise.all(paths.map(read));
  return [...fromFiles.flat(), ...entries];
}
