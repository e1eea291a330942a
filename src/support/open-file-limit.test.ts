import { expect, test } from "bun:test";
import { checkOpenFileLimit } from "./open-file-limit.ts";

const limits = (soft: string, hard: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             96365                96365                processes \n` +
  `Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     \n`;

test("a daemon with too few open files reports the limit and the number that it needs", () => {
  const message = "the limit of open files is 20, and the daemon needs at least 256: raise it (ulimit -Hn)";
  expect(() => checkOpenFileLimit(limits("20", "20"))).toThrow(message);
});

test("a low soft limit is accepted, because the daemon raises it", () => {
  expect(() => checkOpenFileLimit(limits("20", "4096"))).not.toThrow();
  expect(() => checkOpenFileLimit(limits("256", "unlimited"))).not.toThrow();
});

test("the limit of this process suffices", () => {
  expect(() => checkOpenFileLimit()).not.toThrow();
});
