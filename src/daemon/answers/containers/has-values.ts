/** Tests whether a list or a map has entries. Docker leaves some fields out of an answer when they are empty. */
export function hasValues<Value extends object>(value: Value | undefined): value is Value {
  return value !== undefined && Object.keys(value).length > 0;
}
