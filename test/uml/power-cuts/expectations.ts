/**
 * Values that each object of a store may have: an object is `image|NAME`, `container|NAME`, `volume|NAME` or `network|NAME`,
 * and the value tells its content. An absent object has the value "".
 */
export type Expectations = Map<string, string[]>;

/** A step of a client: it is about to give an object a value, or the daemon has acknowledged the value. */
export interface Step {
  kind: "begin" | "done";
  object: string;
  value: string;
}

const kinds = { b: "begin", d: "done" } as const;

/** Formats a step as one word. */
export function formatStep({ kind, object, value }: Step): string {
  return `${kind[0]}|${object}|${value}`;
}

export function parseStep(text: string): Step {
  const [, kind, object, value] = /^([bd])\|(.+)\|(.*)$/.exec(text) ?? [];
  if ((kind !== "b" && kind !== "d") || object === undefined || value === undefined) {
    throw new Error(`not a step: ${text}`);
  }
  return { kind: kinds[kind], object, value };
}

/** Applies a step: an unacknowledged one may or may not have happened, an acknowledged one has. */
export function apply(expectations: Expectations, { kind, object, value }: Step): void {
  const allowed = kind === "done" ? [] : (expectations.get(object) ?? [""]);
  expectations.set(object, [...new Set([...allowed, value])]);
}

/** Compares a store with the expectations: returns what is lost, changed, or there without a reason. */
export function compare(expectations: Expectations, found: ReadonlyMap<string, string>): string[] {
  const objects = new Set([...expectations.keys(), ...found.keys()]);
  return [...objects].flatMap((object) => {
    const allowed = expectations.get(object) ?? [""];
    const value = found.get(object) ?? "";
    return allowed.includes(value)
      ? []
      : [`${object}: found "${value}", expected "${allowed.join('" or "')}"`];
  });
}
