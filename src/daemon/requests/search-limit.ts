import { invalidArgument } from "#support/errors.ts";

/** Number of results without a limit, as in Docker. */
const usualLimit = 25;
const greatestLimit = 100;

/** Checks the limit of a search; zero means Docker's default. */
export function parseSearchLimit(limit = 0): number {
  if (limit === 0) return usualLimit;
  if (limit > 0 && limit <= greatestLimit) return limit;
  throw invalidArgument(`limit ${limit} is outside the range of [1, ${greatestLimit}]`);
}
