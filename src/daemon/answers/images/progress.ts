import type { FailureFields, ProgressLine, TransferLine } from "#api/answers/progress.ts";
import type { Progress, PushProgress } from "#images/transfer/image-transfer.ts";
import { describeError } from "../error-response.ts";

/** Returns a line of `POST /images/{name}/push`. */
export function shapePushProgress(progress: PushProgress): ProgressLine {
  return "aux" in progress ? { progressDetail: {}, aux: progress.aux } : shapeProgress(progress);
}

/** Returns a line of `POST /images/create`. */
export function shapeProgress({ id, status, current, total }: Progress): TransferLine {
  const measured = current !== undefined && (current > 0 || total !== undefined);
  return {
    status,
    ...(id === undefined ? {} : { id }),
    ...(id === undefined && current === undefined
      ? {}
      : {
          progressDetail: measured ? { current, ...(total === undefined ? {} : { total }) } : {},
        }),
    ...(measured ? { progress: bar(current, total) } : {}),
  };
}

/** Returns the last line of a stream that failed. */
export function shapeFailure(error: unknown): FailureFields {
  const { message } = describeError(error);
  return { errorDetail: { message }, error: message };
}

/** Draws a progress bar for clients that have none. */
function bar(current: number, total: number | undefined): string {
  if (total === undefined || total <= 0 || current > total) return humanSize(current);
  const filled = Math.floor((current / total) * 50);
  const line = filled === 50 ? "=".repeat(50) : `${"=".repeat(filled)}>`.padEnd(50);
  return `[${line}]  ${humanSize(current)}/${humanSize(total)}`;
}

function humanSize(bytes: number): string {
  let size = bytes;
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    if (size < 1000) return `${Number(size.toPrecision(4))}${unit}`;
    size /= 1000;
  }
  return `${Number(size.toPrecision(4))}PB`;
}
