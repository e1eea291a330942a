import type { Heredoc, LineRange, Pair } from "./statement.ts";

/** An instruction with checked flags and words; its variables are not expanded yet. */
export type Instruction = Located &
  (
    | From
    | Argument
    | { kind: "env"; pairs: Pair[] }
    | { kind: "label"; pairs: Pair[] }
    | Run
    | { kind: "cmd"; command: CommandLine }
    | { kind: "entrypoint"; command: CommandLine }
    | { kind: "shell"; words: string[] }
    | Copy
    | { kind: "expose"; ports: string[] }
    | { kind: "user"; user: string }
    | { kind: "volume"; paths: string[] }
    | { kind: "workdir"; path: string }
    | { kind: "stopsignal"; signal: string }
    | { kind: "maintainer"; name: string }
    | { kind: "healthcheck"; healthcheck: Healthcheck }
    | { kind: "onbuild"; trigger: string }
  );

export interface Located {
  /** Source text with joined lines. */
  source: string;
  lines: LineRange;
}

export interface From {
  kind: "from";
  base: string;
  name?: string;
  platform?: string;
}

export interface Argument {
  kind: "arg";
  arguments: { name: string; value?: string }[];
}

/** A command: words, or a text for a shell. */
export interface CommandLine {
  words: string[];
  /** Whether the only word is a shell command. */
  shell: boolean;
}

export interface Run {
  kind: "run";
  command: CommandLine;
  heredocs: Heredoc[];
  /** Texts of `--mount` with unexpanded variables. */
  mounts: string[];
  network: "default" | "none" | "host";
}

/** COPY or ADD. */
export interface Copy {
  kind: "copy" | "add";
  /** Paths; ADD also allows addresses. */
  sources: string[];
  documents: Heredoc[];
  destination: string;
  from?: string;
  chown: string;
  chmod: string;
  /** Whether the layer is independent of those below (`--link`). */
  link: boolean;
  parents: boolean;
  exclude: string[];
  checksum: string;
  /** Whether archives are unpacked. By default, ADD unpacks local archives and no downloaded ones. */
  unpack?: boolean;
  keepGitDirectory?: boolean;
}

/** A health check. Durations are in nanoseconds; 0 is the default. */
export interface Healthcheck {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}
