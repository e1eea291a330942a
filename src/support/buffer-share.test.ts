import { expect, test } from "bun:test";
import { takeBufferShare } from "./buffer-share.ts";

test("a few streams have large buffers and any number of others have small ones", () => {
  using held = new DisposableStack();
  const shares = Array.from({ length: 1000 }, () => held.use(takeBufferShare(256 * 1024)));
  expect(shares[0]?.bytes).toBe(256 * 1024);
  const total = shares.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(total).toBeLessThan(24 * 1024 * 1024);
});

test("a stream that ends leaves its buffers to the next", () => {
  for (let count = 0; count < 1000; count++) {
    using share = takeBufferShare(256 * 1024);
    expect(share.bytes).toBe(256 * 1024);
    share[Symbol.dispose]();
  }
});
