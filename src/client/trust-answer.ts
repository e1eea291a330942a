/**
 * Converts a parsed answer of the daemon to its type without a check. This is the client's only unchecked conversion.
 * The daemon is compiled against the types in `api/answers`, and usually has the client's version. Fields that another
 * version may omit are optional in these types.
 */
export function trustAnswer<Answer>(value: unknown): Answer {
  return value as Answer;
}
