/** Returns the address of the documentation of a Dockerfile check; undefined for the one that has no page. */
export function ruleAddress(rule: string): string | undefined {
  if (rule === "InvalidBaseImagePlatform") return undefined;
  const name = rule.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "-").toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${name}/`;
}
