/** A value with the time, in milliseconds since the epoch, at which it expires. */
export interface TimedValue<Value> {
  value: Value;
  /** Infinity for a value that never expires. */
  until: number;
}

interface Entry<Value> extends TimedValue<Value> {
  /** Time at which the value was made. */
  from: number;
  inputs: readonly unknown[];
}

/**
 * Cache of values that are computed from objects. An entry lives as long as its object. It is computed again when an input
 * differs or the value has expired. An unchanged value is the same object, so callers can cache what they compute from it.
 */
export class ObjectCache<Source extends object, Value> {
  readonly #entries = new WeakMap<Source, Entry<Value>>();

  /**
   * Returns the value of an object. `inputs` are all data that can change and that the value depends on. Inputs are compared
   * by identity.
   */
  get(
    source: Source,
    inputs: readonly unknown[],
    now: number,
    make: () => TimedValue<Value>,
  ): TimedValue<Value> {
    const entry = this.#entries.get(source);
    // The clock may have been set back since the value was made.
    if (entry && entry.from <= now && now < entry.until && isSame(entry.inputs, inputs)) return entry;
    const made = { ...make(), from: now, inputs };
    this.#entries.set(source, made);
    return made;
  }
}

/** Returns the list of the values. It expires with the first of them. */
export function timedList<Value>(values: readonly TimedValue<Value>[]): TimedValue<readonly Value[]> {
  let until = Number.POSITIVE_INFINITY;
  for (const value of values) if (value.until < until) until = value.until;
  return { value: values.map(({ value }) => value), until };
}

/** Number of lists that are kept: a container that is created and removed leaves the list from before. */
const keptLists = 3;

/**
 * Returns a list of `kept` with the same items, so that what was computed from it need not be computed again; otherwise the
 * list itself, which is kept from then on.
 */
export function keptList<Item>(kept: (readonly Item[])[], list: readonly Item[]): readonly Item[] {
  const found = kept.findIndex((one) => isSame(one, list));
  const [known = list] = found < 0 ? [] : kept.splice(found, 1);
  kept.unshift(known);
  kept.length = Math.min(kept.length, keptLists);
  return known;
}

/** Returns a value that never expires. */
export function timeless<Value>(value: Value): TimedValue<Value> {
  return { value, until: Number.POSITIVE_INFINITY };
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
