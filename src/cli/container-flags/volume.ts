import { ExitError } from "../output/exit.ts";
import { absolute } from "./create-body.ts";

/** A `--volume` with a source as the API takes it: the source an absolute path, or the name of a volume. */
export function parseBind(volume: string, directory: string): string {
  const [source = "", target, options, ...more] = volume.split(":");
  const invalid = (reason: string) =>
    new ExitError(`invalid volume specification: '${volume}': ${reason}`, 125);
  if (more.length > 0 || source === "") throw invalid("it must be source:target[:options]");
  if (target === undefined) throw invalid("an anonymous volume has no options");
  if (!target.startsWith("/")) throw invalid("the target must be an absolute path");
  if (target === "/") throw invalid("the target may not be '/'");
  const path = source.startsWith("/") || source.startsWith("./") || source.startsWith("../");
  const isName = !path && source !== "." && source !== "..";
  if (isName) return volume;
  return [absolute(source, directory), target, ...(options === undefined ? [] : [options])].join(":");
}

/** Whether a `--volume` is more than a place for an anonymous volume. */
export function hasSource(volume: string): boolean {
  return volume.includes(":");
}

/** The places of anonymous volumes among the `--volume`s, as the API takes them. */
export function anonymousVolumes(volumes: string[]): Record<string, object> | undefined {
  const targets = volumes.filter((volume) => !hasSource(volume));
  const relative = targets.find((target) => !target.startsWith("/"));
  if (relative !== undefined) {
    throw new ExitError(
      `invalid volume specification: '${relative}': the target must be an absolute path`,
      125,
    );
  }
  return targets.length === 0 ? undefined : Object.fromEntries(targets.map((target) => [target, {}]));
}
