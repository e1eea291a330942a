import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

const known = ["run", "ps", "images", "inspect", "start", "stop"];

test.each([
  ["rnu", "run"],
  ["psx", "ps"],
  ["image", "images"],
  ["inspekt", "inspect"],
  ["satrt", "start"],
  ["frobnicate", undefined],
  ["x", undefined],
])("%s", (word, expected) => expect(nearest(word, known)).toBe(expected));
