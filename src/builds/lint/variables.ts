/**
 * Returns the undefined names in `$NAME` and `${NAME}`. Ignores text in single quotes and names with a modifier.
 */
export function undefinedNames(words: string[], isDefined: (name: string) => boolean): string[] {
  const names = words.flatMap((word) => {
    const unquoted = word.replace(/'[^']*'/g, "");
    return [...unquoted.matchAll(/(?<![\\`])\$(?:(\w+)|\{(\w+)\})/g)].map(
      ([, plain, braced]) => plain ?? braced ?? "",
    );
  });
  return [...new Set(names)].filter((name) => !/^\d/.test(name) && !isDefined(name));
}
