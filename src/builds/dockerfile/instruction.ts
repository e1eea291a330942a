import type { Heredoc, LineRange, Pair } from "./statement.ts";

/** One instruction, its flags and words checked; variables are not expanded yet. */
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
  /** As it was written, its lines joined. */
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

/** What a program is started with: words, or a text for a shell. */
export interface CommandLine {
  words: string[];
  /** Whether the one word is for the shell. */
  shell: boolean;
}

export interface Run {
  kind: "run";
  command: CommandLine;
  heredocs: Heredoc[];
  /** Texts of `--mount`, variables and all. */
  mounts: string[];
  network: "default" | "none" | "host";
}

/** COPY, and ADD with what only it has. */
export interface Copy {
  kind: "copy" | "add";
  /** Paths; of ADD also addresses. */
  sources: string[];
  documents: Heredoc[];
  destination: string;
  from?: string;
  chown: string;
  chmod: string;
  /** Puts files into a layer that does not depend on those below. */
  link: boolean;
  parents: boolean;
  exclude: string[];
  checksum: string;
  /** Whether archives are unpacked: local ones are by default, those from an address are not. */
  unpack?: boolean;
  keepGitDirectory?: boolean;
}

/** Durations in nanoseconds; 0 stands for the default. */
export interface Healthcheck {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}
