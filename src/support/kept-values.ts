/** A value, and the time in milliseconds since the epoch at which the clock changes it. */
export interface TimedValue<Value> {
  value: Value;
  /** Infinity for a value without a time in it. */
  until: number;
}

interface Kept<Value> extends TimedValue<Value> {
  /** Time at which the value was made. */
  from: number;
  inputs: readonly unknown[];
}

/**
 * Values that are made from objects. A value is kept as long as its object, and made again as soon as one of its inputs
 * differs or its time is over. The same value is the same object, so that others can keep what they make from it.
 */
export class KeptValues<Source extends object, Value> {
  readonly #kept = new WeakMap<Source, Kept<Value>>();

  /**
   * Returns the value of an object. `inputs` are all parts of the object and of its surroundings that the value has and that
   * can change; an input that is an object counts as changed when it is another one.
   */
  get(
    source: Source,
    inputs: readonly unknown[],
    now: number,
    make: () => TimedValue<Value>,
  ): TimedValue<Value> {
    const kept = this.#kept.get(source);
    // The clock may have been set back.
    if (kept && kept.from <= now && now < kept.until && isSame(kept.inputs, inputs)) return kept;
    const made = { ...make(), from: now, inputs };
    this.#kept.set(source, made);
    return made;
  }
}

/** Returns the list of timed values, which ends with the first of its values to end. */
export function timedList<Value>(values: readonly TimedValue<Value>[]): TimedValue<readonly Value[]> {
  let until = Number.POSITIVE_INFINITY;
  for (const value of values) if (value.until < until) until = value.until;
  return { value: values.map(({ value }) => value), until };
}

/** Returns a value that the clock does not change. */
export function timeless<Value>(value: Value): TimedValue<Value> {
  return { value, until: Number.POSITIVE_INFINITY };
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
