type Environment = Record<string, string | undefined>;

/** Returns path of the file in which `tbox context use` stores the name. */
export function currentContextFile({ XDG_CONFIG_HOME, HOME = "" }: Environment): string {
  return `${XDG_CONFIG_HOME || `${HOME}/.config`}/tbox/context`;
}

/**
 * Reports whether the user has chosen a context other than the default one. Neither waits nor loads `node:fs`, because
 * every command calls it.
 */
export function hasCurrentContext(environment: Environment): boolean {
  return Bun.file(currentContextFile(environment)).size > 0;
}

/** Returns the name of the current context: `default` for the user's own daemon. */
export async function currentContext(environment: Environment): Promise<string> {
  const file = Bun.file(currentContextFile(environment));
  return (await file.exists()) ? (await file.text()).trim() || defaultContext : defaultContext;
}

/** Name of the context that is the user's own daemon. */
export const defaultContext = "default";
