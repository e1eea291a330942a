import { TboxError } from "#support/errors.ts";

export interface PlainResponse {
  status: number;
  /** Body as text. */
  body: string;
}

/**
 * Returns a function that reads the bytes of responses, one after the other. `receive` gets each complete response. The
 * function throws for a response that has neither a length nor chunks.
 */
export function createResponseReader(
  receive: (response: PlainResponse) => void,
): (bytes: Uint8Array) => void {
  let rest = "";
  return (bytes) => {
    // The daemon's JSON may have other characters; one character per byte keeps the lengths right.
    rest += Buffer.from(bytes).toString("latin1");
    for (let found = take(rest); found !== undefined; found = take(rest)) {
      rest = rest.slice(found.length);
      receive({ status: found.status, body: Buffer.from(found.body, "latin1").toString() });
    }
  };
}

interface Found extends PlainResponse {
  /** Length with the head. */
  length: number;
}

/** Returns the first response of a text; undefined until it is complete. */
function take(text: string): Found | undefined {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const lines = text.slice(0, head).toLowerCase();
  const status = Number(lines.slice(9, 12));
  const start = head + 4;
  if (status === 204 || status === 304) return { status, body: "", length: start };
  const [, length] = /\ncontent-length: *(\d+)/.exec(lines) ?? [];
  if (length !== undefined) {
    const end = start + Number(length);
    return text.length < end ? undefined : { status, body: text.slice(start, end), length: end };
  }
  if (!/\ntransfer-encoding: *chunked/.test(lines)) {
    throw new TboxError("internal", `response without a length: ${lines.slice(0, 100)}`);
  }
  return takeChunks(text, start, status);
}

function takeChunks(text: string, start: number, status: number): Found | undefined {
  let body = "";
  for (let position = start; ; ) {
    const line = text.indexOf("\r\n", position);
    if (line < 0) return undefined;
    const size = Number.parseInt(text.slice(position, line), 16);
    const end = line + 2 + size + 2;
    if (text.length < end) return undefined;
    if (size === 0) return { status, body, length: end };
    body += text.slice(line + 2, end - 2);
    position = end;
  }
}
