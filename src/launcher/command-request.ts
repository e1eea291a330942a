import { invalidArgument } from "#support/errors.ts";

/** A command line and facts about the process of its user. */
export interface CommandRequest {
  /** Identity of the program that the launcher would execute itself. */
  program: string;
  mountNamespace: string;
  userNamespace: string;
  directory: string;
  /** Numbers of the standard streams that are terminals, one after the other. */
  terminals: string;
  /** Arguments after the program's name. */
  argv: string[];
  environment: Record<string, string>;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Parses the body of a launcher's request: see `src/api/streams/command-stream.ts`. */
export function parseCommandRequest(body: Uint8Array): CommandRequest {
  // Decoding changes texts that are not UTF-8.
  const text = decoder.decode(body);
  const [program, mountNamespace, userNamespace, directory, terminals, count, ...rest] = text.split("\0");
  const length = Number(count);
  // The last text is empty: every text ends with a zero byte.
  const complete = Number.isInteger(length) && length >= 1 && length < rest.length && rest.at(-1) === "";
  if (program === undefined || mountNamespace === undefined || !complete) {
    throw invalidArgument("incomplete command line");
  }
  return {
    program,
    mountNamespace,
    userNamespace: userNamespace ?? "",
    directory: directory ?? "",
    terminals: terminals ?? "",
    argv: rest.slice(1, length),
    environment: environmentOf(rest.slice(length, -1)),
  };
}

/** Returns variables by name. The first of two entries counts, as in getenv(3). */
function environmentOf(entries: string[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals <= 0) continue;
    const name = entry.slice(0, equals);
    if (Object.hasOwn(variables, name)) continue;
    const value = entry.slice(equals + 1);
    // An assignment would change the object's prototype.
    if (name === "__proto__") Object.defineProperty(variables, name, { value, enumerable: true });
    else variables[name] = value;
  }
  return variables;
}
