import { posix } from "node:path";
import { hostPlatform } from "#oci/platform.ts";
import { invalidArgument } from "#support/errors.ts";
import { parseDockerfile } from "../dockerfile/parse.ts";
import { readInstruction } from "../dockerfile/read-instruction.ts";
import type { Statement } from "../dockerfile/statement.ts";
import { applySetting, expander, type SettingContext } from "./apply-setting.ts";
import { type Settings, type StageState, stageOfSettings } from "./stage-state.ts";

/** Instructions that Docker accepts in `commit --change` and `import --change`. */
const allowed = new Set([
  ...["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL"],
  ...["ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"],
]);

/**
 * Returns a configuration changed by the instructions of `import --change` and `commit --change`, read as the lines of a
 * Dockerfile.
 */
export function applyChanges(base: Settings, changes: string[]): Settings {
  const text = changes.join("\n");
  if (text.trim() === "") return base;
  const { statements, escapeMark } = parseDockerfile(text);
  const context: SettingContext = { escapeMark, given: {}, globals: {} };
  const changed = statements.reduce<StageState>(
    (stage, statement) => applyChange(stage, statement, context),
    stageOfSettings(base, hostPlatform()),
  );
  const OnBuild = changed.triggers;
  return { ...changed.settings, ...(OnBuild.length > 0 ? { OnBuild } : {}) };
}

function applyChange(stage: StageState, statement: Statement, context: SettingContext): StageState {
  if (!allowed.has(statement.keyword.toUpperCase())) {
    throw invalidArgument(`${statement.keyword} is not a valid change command`);
  }
  const instruction = readInstruction(statement);
  switch (instruction.kind) {
    case "workdir": {
      const path = expander(stage, context)(instruction.path);
      const WorkingDir = posix.resolve("/", stage.settings.WorkingDir || "/", path);
      return { ...stage, settings: { ...stage.settings, WorkingDir } };
    }
    case "run":
    case "copy":
    case "add":
    case "from":
      throw invalidArgument(`${statement.keyword} is not a valid change command`);
    default:
      return applySetting(stage, instruction, context);
  }
}
