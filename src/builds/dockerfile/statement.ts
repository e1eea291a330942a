/** Lines of a Dockerfile, from 1, both ends included. */
export interface LineRange {
  start: number;
  end: number;
}

/** A here-document: the lines after an instruction up to a line with its name. */
export interface Heredoc {
  name: string;
  /** Whether variables in the content are expanded, because the name is not quoted. */
  expand: boolean;
  /** Whether leading tabs of the lines are dropped (`<<-`). */
  stripTabs: boolean;
  content: string;
}

/** A name and a value of ENV or LABEL, still quoted. */
export interface Pair {
  name: string;
  value: string;
  /** Whether the pair has the old form `ENV name value`. */
  legacy: boolean;
}

/** An instruction split into words, neither checked nor expanded. */
export interface Statement {
  keyword: string;
  flags: string[];
  words: string[];
  /** Whether the words are a JSON array. */
  json: boolean;
  /** Pairs of ENV and LABEL, instead of words. */
  pairs: Pair[];
  /** Instruction of ONBUILD. */
  trigger?: Statement;
  heredocs: Heredoc[];
  /** Source text with joined lines. */
  source: string;
  lines: LineRange;
}

export interface Dockerfile {
  statements: Statement[];
  /** Character that continues lines and escapes characters. */
  escapeMark: "\\" | "`";
  /** Value of the directive `check`. */
  check?: string;
  warnings: { message: string; line: number }[];
}
