import { ExitError } from "../output/exit.ts";
import { absolutePath } from "./absolute-path.ts";

/** Converts a `--volume` with a source to an entry of `HostConfig.Binds`; makes a source path absolute. */
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
  return [absolutePath(source, directory), target, ...(options === undefined ? [] : [options])].join(":");
}

/** Returns whether a `--volume` names a source. Without a source, it requests an anonymous volume. */
export function hasSource(volume: string): boolean {
  return volume.includes(":");
}

/** Returns the targets of anonymous volumes as the `Volumes` of a create request. */
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
