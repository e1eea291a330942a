/** Checks an environment variable: `NAME=value`, or a bare `NAME` for the caller's value. */
export function parseEnvironmentEntry(text: string): string {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid environment variable: ${text}`);
  return text;
}

/** Checks a label: `name=value` or a bare `name`. */
export function parseLabel(text: string): string {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid label '${text}': empty name`);
  return text;
}

/** Checks a sysctl: `name=value`. */
export function parseSysctl(text: string): string {
  if (!/^[^=]+=/.test(text)) throw new Error(`sysctl '${text}' must be name=value`);
  return text;
}

// Loops instead of `flatMap` and `fromEntries`: the first call of each delays the start by 0.1 ms.

/** Resolves bare names to the caller's values; leaves out names that the caller has not set. */
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

/** Converts `name=value` entries to an object. The last entry of a name wins; a bare name has an empty value. */
export function toRecord(entries: readonly string[]): Record<string, string> {
  // Without a prototype, `__proto__` is an ordinary name.
  const record: Record<string, string> = Object.create(null);
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals === -1) record[entry] = "";
    else record[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  return record;
}

/** Returns the entries of the files, in order, and then those of the command line. */
export async function entriesOf(
  paths: string[],
  entries: string[],
  read: (path: string) => Promise<string[]>,
): Promise<string[]> {
  if (paths.length === 0) return entries;
  const fromFiles = await Promise.all(paths.map(read));
  return [...fromFiles.flat(), ...entries];
}
