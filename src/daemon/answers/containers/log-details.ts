import { expandTag, type LoggedContainer, logAttributes } from "#containers/logging/log-attributes.ts";

/**
 * Returns the text that `details` puts before every line of a log: the labels and variables that the options of the log
 * driver name, sorted, as `a=1,b=2` and a space.
 */
export function logDetails(record: LoggedContainer): string {
  const tag = record.hostConfig.LogConfig?.Config?.tag;
  const attributes = { ...logAttributes(record), ...(tag ? { tag: expandTag(tag, record) } : {}) };
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join(",")} `;
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+");
}
