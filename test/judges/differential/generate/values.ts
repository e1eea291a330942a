import fc from "fast-check";

/** Valid and almost valid values of a field, by the kind of the field. */
export const text = fc.constantFrom(
  "",
  "x",
  "a b",
  " x ",
  "Ünï",
  "UPPER",
  "a/b",
  "../x",
  "a:b",
  "-x",
  "0",
  "x".repeat(70),
);
export const integer = fc.constantFrom(0, 1, -1, -2, 5, 1001, 4_194_304, 6_291_455, 1.5, 2_147_483_648);
export const flag = fc.constantFrom(true, false);

/** Values of other kinds, which a decoder refuses or ignores. */
const odd: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  null,
  [],
  {},
  "",
  "text",
  0,
  7,
  true,
  false,
  [null],
  [""],
  {
    a: "b",
  },
);

/** Returns a value of the kind in most cases, one of another kind in some. */
export function mostly(kind: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: kind }, { weight: 1, arbitrary: odd });
}

/** Returns a list of up to three values. */
export function list(kind: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> {
  return fc.array(kind, { maxLength: 3 });
}

/** Returns an object with some of the fields, mostly with values of their kinds. */
export function some(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const pairs = Object.entries(fields).map(([name, kind]) =>
    mostly(kind).map((value): [string, unknown] => [name, value]),
  );
  return fc
    .uniqueArray(fc.oneof(...pairs), { maxLength: 3, selector: ([name]) => name })
    .map((chosen) => Object.fromEntries(chosen));
}
