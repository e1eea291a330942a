import { describe, expect, test } from "bun:test";
import { compileTemplate } from "./template.ts";

const value = {
  ID: "abc",
  Names: ["/a", "/b"],
  State: { Running: true, Pid: 12, Error: "" },
  Labels: { z: "1", "com.example.x": "2" },
  Mounts: [
    { Source: "/s", RW: true },
    { Source: "/t", RW: false },
  ],
  Nothing: null,
  Zero: 0,
  Label: (name: string) => `<${name}>`,
};

describe("renders", () => {
  test.each([
    ["{{.ID}}", "abc"],
    ["a{{ .ID }}b", "aabcb"],
    ["{{.State.Pid}}", "12"],
    ["{{.Names}}", "[/a /b]"],
    ["{{.Labels}}", "map[com.example.x:2 z:1]"],
    ["{{.Nothing}}", "<nil>"],
    ["{{json .Names}}", '["/a","/b"]'],
    ["{{json .}}", JSON.stringify(value)],
    ["{{.Names | json}}", '["/a","/b"]'],
    ['{{join .Names ", "}}', "/a, /b"],
    ["{{upper .ID}}-{{lower .ID | upper}}", "ABC-ABC"],
    ['{{title "some words"}}', "Some Words"],
    ['{{index .Labels "com.example.x"}}', "2"],
    ["{{(index .Mounts 1).Source}}", "/t"],
    ["{{index .Names 0}}", "/a"],
    ["{{len .Names}}", "2"],
    ["{{if .State.Running}}yes{{else}}no{{end}}", "yes"],
    ["{{if .State.Error}}yes{{else if .Zero}}zero{{else}}no{{end}}", "no"],
    ["{{if and .State.Running (not .Zero)}}y{{end}}", "y"],
    ['{{if eq .ID "x" "abc"}}y{{end}}{{if ne .State.Pid 12}}n{{end}}', "y"],
    ["{{if gt .State.Pid 5}}big{{end}}", "big"],
    ["{{range .Mounts}}{{.Source}}:{{.RW}} {{end}}", "/s:true /t:false "],
    ["{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{end}}", "0=/s 1=/t "],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "com.example.x=2;z=1;"],
    ["{{range .Nothing}}x{{else}}none{{end}}", "none"],
    ["{{range .Mounts}}{{$.ID}}{{end}}", "abcabc"],
    ["{{with .State}}{{.Pid}}{{end}}", "12"],
    ["{{with $s := .State}}{{$s.Pid}}{{end}}", "12"],
    ["{{with .Nothing}}x{{else}}y{{end}}", "y"],
    ["{{$x := .ID}}{{$x}}", "abc"],
    ["{{println .ID}}", "abc\n"],
    [
      '{{printf "%s-%d %v %q %5s|%-5s|" .ID .State.Pid .Names .ID .ID .ID}}',
      'abc-12 [/a /b] "abc"   abc|abc  |',
    ],
    ['{{print "a" "b" 1 2}}', "ab1 2"],
    ['{{split "a,b" "," | json}}', '["a","b"]'],
    ['{{truncate "abcdef" 3}}', "abc"],
    ['{{pad "x" 1 2}}|', " x  |"],
    ["a {{- .ID -}} b", "aabcb"],
    ["{{/* comment */}}{{.ID}}", "abc"],
    ['{{`raw`}}{{"a\\tb"}}', "rawa\tb"],
    ['{{.Label "x"}}', "<x>"],
    ['{{"x" | .Label}}', "<x>"],
    ["{{true}}{{nil | json}}", "truenull"],
    ["no actions", "no actions"],
  ])("%s", (template, expected) => {
    expect(compileTemplate(template)(value)).toBe(expected);
  });
});

describe("refuses", () => {
  test.each([
    ["{{.ID", "template parsing error: unclosed action"],
    ["{{if .ID}}x", "template parsing error: unexpected EOF"],
    ["{{end}}", "template parsing error: unexpected {{end}}"],
    ["{{nope .ID}}", 'function "nope" not defined'],
    ["{{.Nope}}", 'map has no entry for key "Nope"'],
    ["{{.ID.Nope}}", "can't evaluate field Nope in type string"],
    ["{{$x}}", 'undefined variable "$x"'],
    ["{{.ID | }}", "missing value for command"],
    ["{{index .Names 7}}", "index out of range: 7"],
    ["{{constructor}}", 'function "constructor" not defined'],
  ])("%s", (template, message) => {
    expect(() => compileTemplate(template)(value)).toThrow(message);
  });
});
