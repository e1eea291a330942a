/**
 * The names of plain `$NAME` and `${NAME}` in some words that nothing defines. What is in single quotes or
 * has a modifier of its own is left alone.
 */
export function undefinedNames(words: string[], isDefined: (name: string) => boolean): string[] {
  const names = words.flatMap((word) => {
    const open = word.replace(/'[^']*'/g, "");
    return [...open.matchAll(/(?<![\\`])\$(?:(\w+)|\{(\w+)\})/g)].map(
      ([, plain, braced]) => plain ?? braced ?? "",
    );
  });
  return [...new Set(names)].filter((name) => !/^\d/.test(name) && !isDefined(name));
}
