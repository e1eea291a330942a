/** Summaries of the groups of commands, by the group's name. */
export const groups: Readonly<Record<string, string>> = {
  bench: "Measure the speed of tbox and its peers",
  builder: "Manage builds",
  container: "Manage containers",
  context: "Manage contexts",
  image: "Manage images",
  manifest: "Inspect manifests in registries",
  network: "Manage networks",
  setup: "Set up optional integrations",
  system: "Manage tbox",
  volume: "Manage volumes",
};

/** Returns whether a word names a group. */
export function isGroup(word: string): boolean {
  return Object.hasOwn(groups, word);
}
