/** Returns whether a list of numbers and ranges (`0-2,7`) includes all numbers of another list. */
export function includesAll(list: string, wanted: string): boolean {
  const ranges = rangesOf(list);
  return rangesOf(wanted).every(([first, last]) => {
    for (let number = first; number <= last; number++) {
      if (!ranges.some(([low, high]) => low <= number && number <= high)) return false;
    }
    return first <= last;
  });
}

function rangesOf(list: string): [number, number][] {
  return list
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [first = "", last = first] = part.split("-");
      return [Number(first), Number(last)];
    });
}
