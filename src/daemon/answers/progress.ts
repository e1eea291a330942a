import type { PushProgress } from "#images/images.ts";

/** A line of `POST /images/create` or `POST /images/{name}/push`. */
export function shapeProgress(progress: PushProgress): Record<string, unknown> {
  if ("aux" in progress) return { progressDetail: {}, aux: progress.aux };
  const { id, status, current, total } = progress;
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

/** Drawn for clients that print it instead of drawing their own. */
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
