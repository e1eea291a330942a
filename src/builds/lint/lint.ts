import type { BuildEvent } from "../builder.ts";
import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import type { Finding } from "./finding.ts";
import { parseLintSettings, type Rule } from "./settings.ts";

/** Reporter of findings; applies the settings of the directive `check`. */
export interface Lint {
  /** Reports findings; throws when the directive turns them into errors. */
  report(findings: Finding[]): void;
  /** Returns the number of reported findings. */
  count(): number;
}

/**
 * Opens a lint of a Dockerfile; the settings come from the directive or the argument `BUILDKIT_DOCKERFILE_CHECK`. A comment
 * `# check=skip=RULE` above an instruction is for this instruction only.
 */
export function openLint(
  text: string,
  settingsText: string | undefined,
  emit: (event: BuildEvent) => void,
): Lint {
  const settings = parseLintSettings(settingsText);
  const all = text.split("\n");
  const directives = Math.max(
    0,
    all.findIndex((line) => !/^\s*#\s*(?:syntax|escape|check)\s*=/i.test(line)),
  );
  const reported = new Set<string>();
  return {
    report(findings) {
      const counted = findings.filter(
        ({ rule, lines }) =>
          settings.checks(rule) && !skipsAbove(all, { from: directives, to: lines.start - 1 }, rule),
      );
      for (const { rule, text, lines } of counted.sort((a, b) => a.lines.start - b.lines.start)) {
        const key = `${rule} ${lines.start} ${text}`;
        if (reported.has(key)) continue;
        reported.add(key);
        emit({ type: "warning", rule, text: `${rule}: ${text}`, lines });
      }
      const [first] = counted;
      if (!settings.error || first === undefined) return;
      const names = [...new Set(counted.map(({ rule }) => rule))].sort().join(", ");
      throw new DockerfileError(`lint violation found for rules: ${names}`, first.lines);
    },
    count: () => reported.size,
  };
}

/** Tests whether one of the comments directly above an instruction skips a check. */
function skipsAbove(all: string[], { from, to }: { from: number; to: number }, rule: Rule): boolean {
  for (let index = to - 1; index >= from; index--) {
    const comment = /^\s*#(.*)$/.exec(all[index] ?? "")?.[1];
    if (comment === undefined) return false;
    const value = /^\s*check\s*=\s*(\S+)/i.exec(comment)?.[1];
    if (value !== undefined && skips(value, rule)) return true;
  }
  return false;
}

function skips(settings: string, rule: Rule): boolean {
  try {
    return parseLintSettings(settings).skips(rule);
  } catch {
    // An invalid directive is an ordinary comment.
    return false;
  }
}
