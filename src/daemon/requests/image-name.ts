/** Returns a name with `tag`, which is a tag or a digest, in place of the name's own tag or digest. */
export function nameWithTag(name: string, tag: string | undefined): string {
  if (tag === undefined) return name;
  const bare = name.replace(/@[^/]*$/, "").replace(/:[^:/]*$/, "");
  return tag.includes(":") ? `${bare}@${tag}` : `${bare}:${tag}`;
}
