import { unixNanoseconds } from "#support/time/timestamp.ts";
import type { LogRecord } from "../streams/logs.ts";

/** The last record that was sent: its time, and how many records of this time were sent. */
export interface LogPosition {
  time: string;
  count: number;
}

/**
 * Yields the records after a position. After the first record of the position's time or later, an earlier time does not
 * mean an older record: the system's clock was set back.
 */
export async function* skipSent(
  records: AsyncIterable<LogRecord>,
  from: LogPosition | undefined,
): AsyncGenerator<LogRecord, void, void> {
  const start = from === undefined ? undefined : unixNanoseconds(from.time);
  let reached = false;
  let skipped = 0;
  for await (const record of records) {
    reached ||= start === undefined || unixNanoseconds(record.time) >= start;
    if (!reached) continue;
    if (record.time === from?.time && skipped < from.count) skipped++;
    else yield record;
  }
}
