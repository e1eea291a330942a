import fc from "fast-check";
import type { Step } from "../step.ts";

/** Values of `$name` in the paths of a table. */
export type Names = Record<string, readonly string[]>;

/** One kind of request: its weight, method and path, the queries it may have, and the bodies. */
export interface Row {
  weight?: number;
  request: string;
  queries?: readonly string[];
  bodies?: readonly unknown[] | fc.Arbitrary<unknown>;
  archives?: readonly string[];
  save?: string;
  upgrade?: boolean;
}

/** Returns steps chosen from a table. */
export function stepOf(rows: readonly Row[], names: Names): fc.Arbitrary<Step> {
  return fc.oneof(...rows.map((row) => ({ weight: row.weight ?? 1, arbitrary: rowStep(row, names) })));
}

/** Returns sequences of up to this many steps of a table, after the given steps. */
export function sequenceOf(
  step: fc.Arbitrary<Step>,
  length: number,
  before: Step[] = [],
): fc.Arbitrary<Step[]> {
  return fc.array(step, { minLength: 1, maxLength: length }).map((steps) => [...before, ...steps]);
}

function rowStep(
  { request, queries = [""], bodies, archives, save, upgrade }: Row,
  names: Names,
): fc.Arbitrary<Step> {
  const [method = "GET", path = "/"] = request.split(" ");
  const used = [...path.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name);
  const body = Array.isArray(bodies)
    ? fc.constantFrom<unknown>(...bodies)
    : (bodies ?? fc.constant(undefined));
  return fc
    .record({
      chosen: fc.tuple(...used.map((name) => fc.constantFrom(...(names[name] ?? [name])))),
      query: fc.constantFrom(...queries),
      body: body instanceof fc.Arbitrary ? body : fc.constant(body),
      archive: archives === undefined ? fc.constant(undefined) : fc.constantFrom(...archives),
    })
    .map(({ chosen, query, body: content, archive }) => {
      const filled = used.reduce((text, name, index) => text.replace(`$${name}`, chosen[index] ?? ""), path);
      return {
        method,
        path: query === "" ? filled : `${filled}?${query}`,
        ...(content === undefined ? {} : { body: content }),
        ...(archive === undefined ? {} : { archive }),
        ...(save === undefined ? {} : { save }),
        ...(upgrade ? { headers: { Upgrade: "tcp" } } : {}),
      };
    });
}
