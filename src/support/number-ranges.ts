/** First and last number of a range. */
export type NumberRange = readonly [first: number, last: number];

/** Returns the numbers of overlapping ranges, sorted, each once. The time does not grow with the overlap. */
export function numbersIn(ranges: NumberRange[]): number[] {
  const numbers: number[] = [];
  let next = 0;
  for (const [first, last] of ranges.toSorted((one, other) => one[0] - other[0])) {
    for (let number = Math.max(first, next); number <= last; number++) numbers.push(number);
    next = Math.max(next, last + 1);
  }
  return numbers;
}
