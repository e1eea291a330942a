import { expect, test } from "bun:test";
import { isPrivate } from "./addresses.ts";

const here = ["127.0.0.1", "127.1.2.3", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[fe80::1]"];
const otherForms = [
  "[::]",
  "[::ffff:127.0.0.1]",
  "[64:ff9b::127.0.0.1]",
  "localhost.",
  "x.localhost",
  "X.LOCALHOST.",
];

test.each([...here, ...otherForms])("%s is private", (host) => {
  expect(isPrivate(new URL(`http://${host}`).hostname)).toBe(true);
});

test.each(["10.0.0.1", "[::ffff:10.0.0.1]", "[2001:db8::1]", "localhost.example.com", "notlocalhost"])(
  "%s is not private",
  (host) => {
    expect(isPrivate(new URL(`http://${host}`).hostname)).toBe(false);
  },
);
