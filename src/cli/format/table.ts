/**
 * Aligns rows in columns as Docker does: a column is as wide as its widest cell, and columns are three spaces apart.
 * Loops are fast even before the engine compiles the function, which matters for thousands of rows.
 */
export function alignColumns(rows: string[][]): string {
  const lengthOf = rows.every((row) => ascii.test(row.join(""))) ? units : characters;
  const widths: number[] = [];
  for (const row of rows) {
    for (let column = 0; column < row.length; column++) {
      const length = lengthOf(row[column] ?? "");
      if (length > (widths[column] ?? 7)) widths[column] = length;
    }
  }
  let text = "";
  for (const row of rows) {
    const last = row.length - 1;
    for (let column = 0; column < last; column++) {
      const cell = row[column] ?? "";
      text += cell.padEnd((widths[column] ?? 7) + 3 + cell.length - lengthOf(cell));
    }
    text += `${row[last] ?? ""}\n`;
  }
  return text;
}

const ascii = /^[\0-\x7f]*$/;

function units(cell: string): number {
  return cell.length;
}

function characters(cell: string): number {
  return [...cell].length;
}
