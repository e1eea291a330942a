/** Returns the framing of a container's output: frames for stdout and stderr, unless a terminal mixes them. */
export function outputFraming(tty: boolean): "multiplexed" | "raw" {
  return tty ? "raw" : "multiplexed";
}

/** Returns the media type of a container's output. API versions before 1.42 know one type only. */
export function outputMediaType(tty: boolean, version: number): string {
  const multiplexed = !tty && version >= 42;
  return `application/vnd.docker.${multiplexed ? "multiplexed" : "raw"}-stream`;
}
