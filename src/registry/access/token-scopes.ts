/** Returns the scopes that a challenge names, and those of `own` that they do not cover. */
export function mergeScopes(named: string | undefined, own: readonly string[]): string[] {
  const given = (named ?? "").split(" ").filter((scope) => scope !== "");
  const missing = own.filter((scope) => !given.some((other) => covers(other, scope)));
  return [...given, ...missing];
}

/** Returns whether a scope has all actions of another one on the same resource. */
function covers(scope: string, other: string): boolean {
  const split = (text: string) => {
    const colon = text.lastIndexOf(":");
    return { resource: text.slice(0, colon), actions: text.slice(colon + 1).split(",") };
  };
  const [one, two] = [split(scope), split(other)];
  return one.resource === two.resource && two.actions.every((action) => one.actions.includes(action));
}
