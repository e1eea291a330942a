import { describe, expect, test } from "bun:test";
import { createResponseReader, type PlainResponse } from "./response-reader.ts";

const responses = [
  'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"u":"a"}',
  "HTTP/1.1 204 No Content\r\nServer: tbox\r\n\r\n",
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
];

function readInParts(text: string, size: number): PlainResponse[] {
  const received: PlainResponse[] = [];
  const read = createResponseReader((response) => void received.push(response));
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) read(bytes.subarray(start, start + size));
  return received;
}

describe("responses of a connection", () => {
  test.each([1, 7, 1000])("are read in parts of %d bytes", (size) => {
    expect(readInParts(responses.join(""), size)).toEqual([
      { status: 201, body: '{"u":"a"}' },
      { status: 204, body: "" },
      { status: 200, body: '{"a":1}' },
    ]);
  });

  test("have the length of their bytes, not of their characters", () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"ü"HTTP/1.1 204 No Content\r\n\r\n';
    expect(readInParts(text, 5)).toEqual([
      { status: 200, body: '"ü"' },
      { status: 204, body: "" },
    ]);
  });

  test("without a length are refused", () => {
    expect(() => readInParts("HTTP/1.1 200 OK\r\n\r\nabc", 1000)).toThrow("without a length");
  });
});
