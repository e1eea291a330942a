/** Lines of a table, with the result of their last alignment. */
export interface Block {
  readonly lines: readonly Line[];
  /** Characters of the widest cell of each column. */
  readonly widest: readonly number[];
  /** Text of the lines for these widths of the columns. */
  aligned?: { widths: readonly number[]; text: string };
}

/** Cells of a line. */
export interface Line {
  readonly cells: readonly string[];
  /** Characters of each cell. */
  readonly lengths: readonly number[];
}

/** Returns a line of a table. */
export function lineOf(cells: readonly string[]): Line {
  return { cells, lengths: cells.map(lengthOf) };
}

/** Returns the block of some lines. */
export function blockOf(lines: readonly Line[]): Block {
  const widest: number[] = [];
  for (const { lengths } of lines) {
    for (let column = 0; column < lengths.length; column++) {
      const length = lengths[column] ?? 0;
      if (length >= (widest[column] ?? 0)) widest[column] = length;
    }
  }
  return { lines, widest };
}

/** Aligns rows in columns as Docker does: a column is as wide as its widest cell, and columns are three spaces apart. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  return alignBlocks([blockOf(rows.map(lineOf))]);
}

/** Aligns the lines of blocks like `alignColumns`. Reuses the last result of a block if the columns have the same widths. */
export function alignBlocks(blocks: readonly Block[]): string {
  const widths = widthsOf(blocks);
  const textOf = (block: Block) => {
    if (block.aligned === undefined || !isSame(block.aligned.widths, widths)) {
      block.aligned = { widths, text: align(block.lines, widths) };
    }
    return block.aligned.text;
  };
  return blocks.map(textOf).join("");
}

const narrowest = 7;

/** Returns the width of each column. */
function widthsOf(blocks: readonly Block[]): number[] {
  const count = Math.max(0, ...blocks.map(({ widest }) => widest.length));
  return Array.from({ length: count }, (_, column) =>
    Math.max(narrowest, ...blocks.map(({ widest }) => widest[column] ?? 0)),
  );
}

function align(lines: readonly Line[], widths: readonly number[]): string {
  const spaces = " ".repeat(Math.max(narrowest, ...widths) + 3);
  let text = "";
  for (const { cells, lengths } of lines) {
    const last = cells.length - 1;
    for (let column = 0; column < last; column++) {
      const width = widths[column] ?? narrowest;
      text += `${cells[column]}${spaces.slice(0, width + 3 - (lengths[column] ?? 0))}`;
    }
    text += `${cells[last] ?? ""}\n`;
  }
  return text;
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((width, column) => width === other[column]);
}

const ascii = /^[\0-\x7f]*$/;

function lengthOf(cell: string): number {
  return ascii.test(cell) ? cell.length : [...cell].length;
}
