import { expect, test } from "bun:test";
import { pageOf } from "./page.ts";
import { resultWith } from "./sample-result.ts";

test("a page is self-contained and shows names as text", () => {
  const page = pageOf(resultWith({ "<b>run</b>": [1, 2, 3], bwrap: [1, 1, 2] }));
  expect(page).not.toMatch(/<script|<link|<img|https?:(?!\/\/www\.w3\.org)/);
  expect(page).not.toContain("<b>");
  expect(page).toContain("&lt;b&gt;run&lt;/b&gt;");
});

test("a page has a wide and a narrow picture of each group", () => {
  const page = pageOf(resultWith({ run: [1, 2, 3], bwrap: [1, 1, 2] }));
  expect(page.match(/<div class="wide"><svg/g)?.length).toBe(4);
  expect(page.match(/<div class="narrow"><svg/g)?.length).toBe(4);
});

test("a group without samples has no picture, and its failures are in the table", () => {
  const result = resultWith({});
  result.groups = [
    {
      id: "x",
      title: "broken",
      unit: "ms",
      comparable: true,
      series: [{ name: "run", samples: [], failures: 7 }],
    },
  ];
  const page = pageOf({ ...result, phases: [], throughput: [] });
  expect(page).not.toContain("<svg");
  expect(page).toContain("<td>7</td>");
});
