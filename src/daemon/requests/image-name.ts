/** A name with a tag or, after `@`, a digest, which takes the place of one in the name. */
export function nameWithTag(name: string, tag: string | undefined): string {
  if (tag === undefined) return name;
  const bare = name.replace(/@[^/]*$/, "").replace(/:[^:/]*$/, "");
  return tag.includes(":") ? `${bare}@${tag}` : `${bare}:${tag}`;
}
