const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface EnvironmentSources {
  /** The image's; entries without a value mean nothing there. */
  image: string[];
  /** The request's; an entry without a value takes a variable away, and is kept to say so. */
  request: string[];
}

/** The variables that are kept with a container: the request's over the image's, in their order. */
export function mergeEnvironment({ image, request }: EnvironmentSources): string[] {
  const merged = new Map<string, string>();
  for (const entry of image) if (entry.indexOf("=") > 0) merged.set(nameOf(entry), entry);
  for (const entry of request) if (entry.indexOf("=") !== 0) merged.set(nameOf(entry), entry);
  return [...merged.values()];
}

/**
 * What a program starts with: the kept variables, those of links, and those that every container has. Never the
 * host's.
 */
export function programEnvironment(
  kept: string[],
  settings: { hostname: string; tty: boolean; linked?: string[] | undefined },
): string[] {
  const names = new Set(kept.map(nameOf));
  const own = [
    defaultPath,
    `HOSTNAME=${settings.hostname}`,
    ...(settings.tty ? ["TERM=xterm"] : []),
    ...(settings.linked ?? []),
  ];
  const set = kept.filter((entry) => entry.includes("="));
  return [...own.filter((entry) => !names.has(nameOf(entry))), ...set];
}

function nameOf(entry: string): string {
  const equals = entry.indexOf("=");
  return equals < 0 ? entry : entry.slice(0, equals);
}
