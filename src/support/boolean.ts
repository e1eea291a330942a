/** Parses a boolean as Go does (`1`, `t`, `true`, `0`, `f`, `false`, in any case); returns undefined for other text. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  return undefined;
}
