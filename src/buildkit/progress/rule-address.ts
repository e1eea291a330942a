/** Returns the address of the documentation of a Dockerfile check. */
export function ruleAddress(rule: string): string {
  const name = rule.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${name}/`;
}
