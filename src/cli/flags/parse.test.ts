import { describe, expect, test } from "bun:test";
import { bool, integer, list, listOf, text, unsupported, unsupportedBool, word } from "./kinds.ts";
import { parseFlags } from "./parse.ts";

const table = {
  attach: list("", { short: "a" }),
  detach: bool("", { short: "d" }),
  env: list("", { short: "e" }),
  hostname: text("", { short: "h" }),
  interactive: bool("", { short: "i" }),
  memory: unsupported("", { short: "m" }),
  name: text(""),
  network: text("", { also: "net" }),
  privileged: unsupportedBool(""),
  publish: list("", { short: "p" }),
  pull: word("", ["always", "never"] as const),
  restart: unsupported("", { harmless: "no" }),
  "sig-proxy": bool("", { initial: true }),
  time: integer("", { short: "s" }),
  tty: bool("", { short: "t" }),
  upper: listOf("", (value) => value.toUpperCase()),
};

function parse(line: string, placement: "leading" | "anywhere" = "leading") {
  return parseFlags(table, line === "" ? [] : line.split(" "), placement);
}

describe("values", () => {
  test.each([
    ["--name a x", { name: "a" }],
    ["--name=a x", { name: "a" }],
    ["--name=a=b x", { name: "a=b" }],
    ["--name= x", { name: "" }],
    ["--name -i x", { name: "-i" }],
    ["--name a --name b x", { name: "b" }],
    ["--net host x", { network: "host" }],
    ["-h a x", { hostname: "a" }],
    ["-ha x", { hostname: "a" }],
    ["-h=a x", { hostname: "a" }],
    ["-h= x", { hostname: "=" }],
    ["-p80:80 x", { publish: ["80:80"] }],
    ["-p 80 -p=81 --publish 82 x", { publish: ["80", "81", "82"] }],
    ["-it x", { interactive: true, tty: true }],
    ["-itp 80 x", { interactive: true, tty: true, publish: ["80"] }],
    ["-itp80:80 x", { interactive: true, tty: true, publish: ["80:80"] }],
    ["-itp=80 x", { interactive: true, tty: true, publish: ["80"] }],
    ["-i=false x", { interactive: false }],
    ["-ti=false x", { tty: true, interactive: false }],
    ["--tty=0 x", { tty: false }],
    ["--tty=T x", { tty: true }],
    ["--tty --tty=false x", { tty: false }],
    ["--sig-proxy=false x", { "sig-proxy": false }],
    ["--time -1 x", { time: -1 }],
    ["-s5 x", { time: 5 }],
    ["--pull always x", { pull: "always" }],
    ["--upper a --upper b x", { upper: ["A", "B"] }],
  ])("%s", (line, expected) => {
    const { values, positionals } = parse(line);
    expect(values).toMatchObject(expected);
    expect(positionals).toEqual(["x"]);
  });

  test("a switch does not take the next argument as its value", () => {
    expect(parse("--tty false")).toMatchObject({ values: { tty: true }, positionals: ["false"] });
  });

  test("flags that are not set have their initial values", () => {
    const { values, given } = parse("x");
    expect(values).toMatchObject({ name: undefined, tty: false, "sig-proxy": true, publish: [] });
    expect(given.size).toBe(0);
  });

  test("the result contains the names of the set flags", () => {
    expect([...parse("-it --net host --sig-proxy=true x").given].sort()).toEqual([
      "interactive",
      "network",
      "sig-proxy",
      "tty",
    ]);
  });
});

describe("positionals", () => {
  test.each([
    ["x -i --name a", "leading", ["x", "-i", "--name", "a"]],
    ["-i x -- -t", "leading", ["x", "--", "-t"]],
    ["-i -- x -t", "leading", ["x", "-t"]],
    ["- -i", "leading", ["-", "-i"]],
    ["a -i b", "anywhere", ["a", "b"]],
    ["a -- -i", "anywhere", ["a", "-i"]],
    ["-i -", "anywhere", ["-"]],
    ["", "anywhere", []],
  ] as const)("%s (%s)", (line, placement, expected) => {
    expect(parse(line, placement).positionals).toEqual([...expected]);
  });

  test("flags after the first argument count only where flags may be anywhere", () => {
    expect(parse("a -i", "anywhere").values.interactive).toBe(true);
    expect(parse("a -i", "leading").values.interactive).toBe(false);
  });
});

describe("help", () => {
  test("parsing stops at --help", () => expect(parse("-i --help --nonsense").help).toBe(true));
  test("-h is help if no flag has the letter", () => {
    expect(parseFlags({}, ["-h"], "anywhere").help).toBe(true);
  });
  test("--help=false prints no help", () => expect(parse("--help=false x").help).toBe(false));
});

describe("invalid command lines", () => {
  test.each([
    ["--nope x", "unknown flag: --nope"],
    ["--nope=1 x", "unknown flag: --nope"],
    ["-Z x", "unknown shorthand flag: 'Z' in -Z"],
    ["-itZ x", "unknown shorthand flag: 'Z' in -Z"],
    ["-iZt x", "unknown shorthand flag: 'Z' in -Zt"],
    ["--name", "flag needs an argument: --name"],
    ["-e", "flag needs an argument: 'e' in -e"],
    ["-ie", "flag needs an argument: 'e' in -e"],
    ["--=x", "bad flag syntax: --=x"],
    ["---name x", "bad flag syntax: ---name"],
    [
      "--tty=maybe x",
      'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      "-s abc",
      'invalid argument "abc" for "-s, --time" flag: strconv.ParseInt: parsing "abc": invalid syntax',
    ],
    ["--pull x", 'invalid argument "x" for "--pull" flag: must be one of "always", "never"'],
    ["--memory 1g x", "--memory is not supported"],
    ["-m1g x", "--memory is not supported"],
    ["--privileged x", "--privileged is not supported"],
    ["--restart always x", "--restart is not supported"],
    ["--constructor x", "unknown flag: --constructor"],
  ])("%s", (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  test("an unsupported flag with a harmless value is accepted", () => {
    expect(parse("--privileged=false --restart no x").positionals).toEqual(["x"]);
  });
});
