/**
 * Rows of cells as columns, each as wide as its widest cell and three spaces apart, as Docker prints them.
 */
export function alignColumns(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length);
    });
  }
  const width = (column: number) => Math.max(7, widths[column] ?? 0) + 3;
  return rows
    .map((row) => {
      const last = row.length - 1;
      return `${row.map((cell, column) => (column === last ? cell : pad(cell, width(column)))).join("")}\n`;
    })
    .join("");
}

function pad(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - [...cell].length));
}
