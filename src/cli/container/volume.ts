import { ExitError } from "../exit.ts";
import { absolute } from "./create-body.ts";

/** The value of `--volume` as the API takes it: `source:target[:options]` with an absolute source. */
export function parseBind(volume: string, directory: string): string {
  const [source = "", target, options, ...more] = volume.split(":");
  const invalid = (reason: string) =>
    new ExitError(`invalid volume specification: '${volume}': ${reason}`, 125);
  if (more.length > 0 || source === "") throw invalid("it must be source:target[:options]");
  if (target === undefined) throw new ExitError(`anonymous volumes are not supported yet: '${volume}'`, 125);
  if (!target.startsWith("/")) throw invalid("the target must be an absolute path");
  if (target === "/") throw invalid("the target may not be '/'");
  const path = source.startsWith("/") || source.startsWith("./") || source.startsWith("../");
  if (!path && source !== "." && source !== "..") {
    const hint = `for a directory of this name write ./${source}`;
    throw new ExitError(`named volumes are not supported yet: '${volume}' (${hint})`, 125);
  }
  return [absolute(source, directory), target, ...(options === undefined ? [] : [options])].join(":");
}
