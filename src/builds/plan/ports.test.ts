import { expect, test } from "bun:test";
import { parsePorts } from "./ports.ts";

test("EXPOSE takes ports and ranges of each protocol", () => {
  const words = ["80", "53/udp", "8000-8002", "127.0.0.1:90:81", "8001-8003/TCP"];
  expect(parsePorts(words)).toEqual([
    "53/udp",
    "80/tcp",
    "8000/tcp",
    "8001/tcp",
    "8002/tcp",
    "8003/tcp",
    "81/tcp",
  ]);
});

test("thousands of overlapping ranges of EXPOSE give each port once", () => {
  const words = Array.from({ length: 5000 }, (_, index) => `${index + 1}-65535`);
  expect(parsePorts(words)).toHaveLength(65_535);
});
