import { type JsonObject, numberAt } from "#client/json.ts";
import { decimalSize } from "../format/size.ts";

/** `[=====>    ]  1.2MB/3.4MB`, narrowed to the room there is; only the amount when the total is unknown. */
export function progressBar(detail: JsonObject, room: number): string {
  const current = numberAt(detail, "current");
  const total = numberAt(detail, "total");
  if (current <= 0) return "";
  if (total <= 0 || current > total) return decimalSize(current).padStart(8);
  const numbers = `${decimalSize(current)}/${decimalSize(total)}`.padStart(18);
  const width = Math.min(50, room - numbers.length - 3);
  if (width < 10) return numbers;
  const done = Math.floor((current / total) * width);
  const bar = done < width ? `${"=".repeat(done)}>${" ".repeat(width - done - 1)}` : "=".repeat(width);
  return `[${bar}] ${numbers}`;
}
