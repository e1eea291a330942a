/** A standard stream. */
export type StreamName = "stdin" | "stdout" | "stderr";

/** Parses `--attach`. */
export function parseStreamName(text: string): StreamName {
  const name = text.toLowerCase();
  if (name === "stdin" || name === "stdout" || name === "stderr") return name;
  throw new Error("valid streams are STDIN, STDOUT and STDERR");
}
