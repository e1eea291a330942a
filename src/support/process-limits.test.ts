import { expect, test } from "bun:test";
import { checkProcessLimits } from "./process-limits.ts";

const limits = (soft: string, hard: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             96365                96365                processes \n` +
  `Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     \n`;

test("a daemon with too few open files reports the limit and the number that it needs", () => {
  const message = "the limit of open files is 20, and the daemon needs at least 256: raise it (ulimit -Hn)";
  expect(() => checkProcessLimits(limits("20", "20"))).toThrow(message);
});

test("a low soft limit is accepted, because the daemon raises it", () => {
  expect(() => checkProcessLimits(limits("20", "4096"))).not.toThrow();
  expect(() => checkProcessLimits(limits("256", "unlimited"))).not.toThrow();
});

test("the limit of this process suffices", () => {
  expect(() => checkProcessLimits()).not.toThrow();
});

test("a daemon that may only write small files reports the limit and the size that it needs", () => {
  const small = limits("1024", "4096").replace(
    /^/,
    "Max file size             65536                unlimited            bytes     \n",
  );
  const message =
    "the limit of file sizes is 65536 bytes, and the daemon needs at least 1073741824: raise it (ulimit -f)";
  expect(() => checkProcessLimits(small)).toThrow(message);
  expect(() => checkProcessLimits(small.replace("65536 ", "unlimited "))).not.toThrow();
});
