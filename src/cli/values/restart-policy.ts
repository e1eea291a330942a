/** Parses `--restart`: `no`, `always`, `unless-stopped` or `on-failure[:max-retries]`. */
export function parseRestartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  const [name = "", retries, ...rest] = text.split(":");
  if (rest.length > 0) throw new Error("invalid restart policy format: too many parts");
  if (name === "" && retries !== undefined) {
    throw new Error("invalid restart policy format: no policy provided before colon");
  }
  if (retries !== undefined && !/^\d{1,9}$/.test(retries)) {
    throw new Error("invalid restart policy format: maximum retry count must be an integer");
  }
  return { Name: name, MaximumRetryCount: Number(retries ?? 0) };
}
