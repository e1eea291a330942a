/**
 * Returns a parsed answer of the daemon with its type. This is the only unchecked conversion of the client: the daemon is
 * compiled against the types in `api/answers`, and a client talks to the daemon of its own version. Fields that another
 * version may omit are optional there.
 */
export function trustAnswer<Answer>(value: unknown): Answer {
  return value as Answer;
}
