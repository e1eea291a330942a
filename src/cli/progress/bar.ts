import type { ProgressDetail } from "#api/answers/progress.ts";
import { decimalSize } from "../format/size.ts";

/**
 * Draws a progress bar: `[=====>    ]  1.2MB/3.4MB`. Leaves out the bar if there is little room, and the bar and the
 * total if the total is unknown.
 */
export function progressBar({ current = 0, total = 0 }: ProgressDetail, room: number): string {
  if (current <= 0) return "";
  if (total <= 0 || current > total) return decimalSize(current).padStart(8);
  const numbers = `${decimalSize(current)}/${decimalSize(total)}`.padStart(18);
  const width = Math.min(50, room - numbers.length - 3);
  if (width < 10) return numbers;
  const done = Math.floor((current / total) * width);
  const bar = done < width ? `${"=".repeat(done)}>${" ".repeat(width - done - 1)}` : "=".repeat(width);
  return `[${bar}] ${numbers}`;
}
