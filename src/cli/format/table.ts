/** Cells of a line, with the result of its last alignment. */
export interface Line {
  readonly cells: readonly string[];
  /** Characters of each cell. */
  readonly lengths: readonly number[];
  /** Text of the line for these widths of the columns. */
  aligned?: { widths: readonly number[]; text: string };
}

/** Returns a line of a table. */
export function lineOf(cells: readonly string[]): Line {
  return { cells, lengths: cells.map(lengthOf) };
}

/** Aligns rows in columns as Docker does: a column is as wide as its widest cell, and columns are three spaces apart. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  return alignLines(rows.map(lineOf));
}

/** Aligns lines like `alignColumns`. Reuses the last result of a line if the columns have the same widths. */
export function alignLines(lines: readonly Line[]): string {
  let widths: readonly number[] = widthsOf(lines);
  const texts: string[] = [];
  for (const line of lines) {
    const { aligned } = line;
    // Lines that share the object need no comparison.
    if (aligned !== undefined && aligned.widths !== widths && isSame(aligned.widths, widths)) {
      widths = aligned.widths;
    }
    if (aligned?.widths !== widths) line.aligned = { widths, text: align(line, widths) };
    texts.push(line.aligned?.text ?? "");
  }
  return texts.join("");
}

const narrowest = 7;

/** Returns the width of each column. */
function widthsOf(lines: readonly Line[]): number[] {
  const widths: number[] = [];
  for (const { lengths } of lines) {
    for (let column = 0; column < lengths.length; column++) {
      const length = lengths[column] ?? 0;
      if (length > (widths[column] ?? narrowest)) widths[column] = length;
      else widths[column] ??= narrowest;
    }
  }
  return widths;
}

function align({ cells, lengths }: Line, widths: readonly number[]): string {
  const last = cells.length - 1;
  let text = "";
  for (let column = 0; column < last; column++) {
    const cell = cells[column] ?? "";
    text += cell + " ".repeat((widths[column] ?? narrowest) + 3 - (lengths[column] ?? 0));
  }
  return `${text}${cells[last] ?? ""}\n`;
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((width, column) => width === other[column]);
}

const ascii = /^[\0-\x7f]*$/;

function lengthOf(cell: string): number {
  return ascii.test(cell) ? cell.length : [...cell].length;
}
