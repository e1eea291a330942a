import { posix } from "node:path";
import type { Instruction } from "../dockerfile/instruction.ts";
import { type Finding, finding } from "./finding.ts";
import type { Rule } from "./settings.ts";

const secret = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmless = /(?:^|_)(?:public|file|version)(?:_|$)/i;

/** Name that only a pattern for all files excludes: the context itself counts as excluded then. */
const anyName = "\u{1}";

/** Lints an instruction. `ignored` tests whether `.dockerignore` excludes a path. */
export function lintInstruction(one: Instruction, ignored: (path: string) => boolean): Finding[] {
  const found: Finding[] = [];
  const add = (rule: Rule, text: string) => void found.push(finding(rule, text, one.lines));
  const checkNames = (names: string[]) => {
    for (const name of names.filter((word) => secret.test(word) && !harmless.test(word))) {
      const rule = `Do not use ARG or ENV instructions for sensitive data (${one.kind.toUpperCase()} "${name}")`;
      add("SecretsUsedInArgOrEnv", rule);
    }
  };
  switch (one.kind) {
    case "arg":
      checkNames(one.arguments.map(({ name }) => name));
      break;
    case "env":
    case "label":
      if (one.kind === "env") checkNames(one.pairs.map(({ name }) => name));
      if (one.pairs.some(({ legacy }) => legacy)) {
        const name = one.kind.toUpperCase();
        const text = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
        add("LegacyKeyValueFormat", text);
      }
      break;
    case "maintainer":
      add("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label");
      break;
    case "expose":
      for (const port of one.ports) {
        const [numbers = "", protocol = ""] = port.split("/");
        if (protocol !== protocol.toLowerCase() && !protocol.includes("$")) {
          add("ExposeProtoCasing", `Defined protocol '${port}' in EXPOSE instruction should be lowercase`);
        }
        if (numbers.includes(":") && !numbers.includes("$")) {
          const rule = "EXPOSE instruction should not define an IP address or host-port mapping, found";
          add("ExposeInvalidFormat", `${rule} '${port}'`);
        }
      }
      break;
    case "copy":
    case "add":
      for (const source of one.from === undefined ? one.sources : []) {
        const path = posix.join("/", source).replace(/^\/|\/$/g, "") || anyName;
        if (/[$*?[\\]|^\w+:\/\//.test(source) || !ignored(path)) continue;
        const verb = one.kind === "copy" ? "Copy" : "Add";
        add("CopyIgnoredFile", `Attempting to ${verb} file "${source}" that is excluded by .dockerignore`);
      }
      break;
    default:
  }
  return found;
}

/** Reports a comment directly before an ARG or FROM if the comment does not begin with a name that it declares. */
export function lintDescription(one: Instruction, text: string): Finding[] {
  const names = one.kind === "arg" ? one.arguments.map(({ name }) => name) : [];
  if (one.kind === "from" && one.name !== undefined) names.push(one.name);
  const [name, ...others] = names;
  if (name === undefined) return [];
  const before = text.split("\n")[one.lines.start - 2] ?? "";
  const [, comment = ""] = /^\s*#\s*(.*\S)\s*$/.exec(before) ?? [];
  if (comment === "" || /^(?:syntax|escape|check)\s*=/i.test(comment)) return [];
  const [first = ""] = comment.split(" ");
  if (names.includes(first)) return [];
  const example = others.length > 0 ? "<arg_key>" : name;
  const rule = `Comment for ${one.kind.toUpperCase()} should follow the format: \`# ${example} <description>\``;
  return [finding("InvalidDefinitionDescription", rule, one.lines)];
}
