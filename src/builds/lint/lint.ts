import type { BuildEvent } from "../builder.ts";
import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import type { Finding } from "./finding.ts";
import { parseLintSettings } from "./settings.ts";

/** Reporter of findings; applies the settings of the directive `check`. */
export interface Lint {
  /** Reports findings; throws when the directive turns them into errors. */
  report(findings: Finding[]): void;
  /** Returns the number of reported findings. */
  count(): number;
}

/** Opens a lint; the settings come from the directive or the argument `BUILDKIT_DOCKERFILE_CHECK`. */
export function openLint(settingsText: string | undefined, emit: (event: BuildEvent) => void): Lint {
  const settings = parseLintSettings(settingsText);
  const reported = new Set<string>();
  return {
    report(findings) {
      const counted = findings.filter(({ rule }) => settings.checks(rule));
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
