/** Lines of a Dockerfile, counted from 1, both included. */
export interface LineRange {
  start: number;
  end: number;
}

/** A document that follows an instruction and goes on to a line of its own name. */
export interface Heredoc {
  name: string;
  /** Whether variables in it are expanded: its name was not quoted. */
  expand: boolean;
  /** Whether tabs at the start of its lines are dropped: `<<-`. */
  stripTabs: boolean;
  content: string;
}

/** A name and a value of ENV or LABEL, quotes still in place. */
export interface Pair {
  name: string;
  value: string;
  /** Written as `ENV name value`. */
  legacy: boolean;
}

/** One instruction as it was written: split into words, but neither checked nor expanded. */
export interface Statement {
  keyword: string;
  flags: string[];
  words: string[];
  /** Whether the words were a JSON array. */
  json: boolean;
  /** Of ENV and LABEL, in place of words. */
  pairs: Pair[];
  /** What ONBUILD puts off. */
  trigger?: Statement;
  heredocs: Heredoc[];
  /** Its lines joined. */
  source: string;
  lines: LineRange;
}

export interface Dockerfile {
  statements: Statement[];
  /** What continues lines and escapes characters. */
  escapeMark: "\\" | "`";
  /** Value of the directive `check`. */
  check?: string;
  warnings: { message: string; line: number }[];
}
