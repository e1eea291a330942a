import type { BuildEvent } from "../builder.ts";
import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import type { Finding } from "./lint-file.ts";
import { parseLintSettings } from "./settings.ts";

/** Tells what is found in a Dockerfile, as its directive `check` wants it. */
export interface Lint {
  /** Throws where the directive makes findings errors. */
  report(findings: Finding[]): void;
  /** How many were told. */
  count(): number;
}

/** The settings are those of the directive, or of the argument `BUILDKIT_DOCKERFILE_CHECK`. */
export function openLint(settingsText: string | undefined, emit: (event: BuildEvent) => void): Lint {
  const settings = parseLintSettings(settingsText);
  const told = new Set<string>();
  return {
    report(findings) {
      const counted = findings.filter(({ rule }) => settings.checks(rule));
      for (const { rule, text, lines } of counted.sort((a, b) => a.lines.start - b.lines.start)) {
        const key = `${rule} ${lines.start} ${text}`;
        if (told.has(key)) continue;
        told.add(key);
        emit({ type: "warning", rule, text: `${rule}: ${text}`, lines });
      }
      const [first] = counted;
      if (!settings.error || first === undefined) return;
      const names = [...new Set(counted.map(({ rule }) => rule))].sort().join(", ");
      throw new DockerfileError(`lint violation found for rules: ${names}`, first.lines);
    },
    count: () => told.size,
  };
}
