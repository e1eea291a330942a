/** Returns the content of a message without its type. */
export function withoutType<T extends { type: string }>({ type: _, ...content }: T): Omit<T, "type"> {
  return content;
}
