import { invalidArgument } from "#support/errors.ts";

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface EnvironmentSources {
  /** Variables of the image. Entries without a value are ignored. */
  image: string[];
  /** Variables of the request. An entry without a value removes a variable. */
  request: string[];
}

/** Throws invalid-argument with Docker's text for a variable without a name. */
export function checkEnvironment(variables: string[]): void {
  const nameless = variables.find((entry) => nameOf(entry) === "");
  if (nameless !== undefined) throw invalidArgument(`invalid environment variable: ${nameless}`);
}

/**
 * Merges the variables of the image and the request in Docker's order, the request's first. In the result, an entry
 * without a value is a removed variable.
 */
export function mergeEnvironment({ image, request }: EnvironmentSources): string[] {
  const requested = request.filter((entry) => entry.indexOf("=") !== 0);
  const names = new Set(requested.map(nameOf));
  const others = image.filter((entry) => entry.indexOf("=") > 0 && !names.has(nameOf(entry)));
  return [...requested, ...others];
}

/**
 * Returns the environment of a program: the container's variables, those of links, and those that every container has.
 * Variables of the host are never included.
 */
export function programEnvironment(
  variables: string[],
  settings: { hostname: string; tty: boolean; linked?: string[] | undefined },
): string[] {
  const names = new Set(variables.map(nameOf));
  const defaults = [
    defaultPath,
    `HOSTNAME=${settings.hostname}`,
    ...(settings.tty ? ["TERM=xterm"] : []),
    ...(settings.linked ?? []),
  ];
  // The last entry of a name wins.
  const last = new Map(variables.map((entry) => [nameOf(entry), entry]));
  const set = [...last.values()].filter((entry) => entry.includes("="));
  return [...defaults.filter((entry) => !names.has(nameOf(entry))), ...set];
}

function nameOf(entry: string): string {
  const equals = entry.indexOf("=");
  return equals < 0 ? entry : entry.slice(0, equals);
}
