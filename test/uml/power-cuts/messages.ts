/** A line that the guest prints for the test. */
export type Message =
  | { kind: "verified"; runs: number; faults: string[] }
  | { kind: "acknowledged" }
  | { kind: "fault"; text: string };

const prefix = "@";

export function tell(message: Message): void {
  console.log(`${prefix}${JSON.stringify(message)}`);
}

/** Parses a line of the guest; returns undefined for a line that is no message, or that the cut has shortened. */
export function parseMessage(line: string): Message | undefined {
  if (!line.startsWith(prefix)) return undefined;
  try {
    return JSON.parse(line.slice(prefix.length)) as Message;
  } catch {
    return undefined;
  }
}
