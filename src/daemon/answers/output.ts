/** A terminal's output is one stream of bytes; otherwise frames tell stdout from stderr. */
export function outputFraming(tty: boolean): "multiplexed" | "raw" {
  return tty ? "raw" : "multiplexed";
}

/** Media type of a container's output for a minor version of the API: older ones know only one. */
export function outputMediaType(tty: boolean, version: number): string {
  const multiplexed = !tty && version >= 42;
  return `application/vnd.docker.${multiplexed ? "multiplexed" : "raw"}-stream`;
}
