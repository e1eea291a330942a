import { expect, test } from "bun:test";

test.each([{ USER: "somebody-else" }, {}])(
  "the account's name does not come from the environment: %j",
  (variables) => {
    const script = `import { accountName } from "#cli/values/account-name.ts"; console.log(accountName());`;
    const own = Bun.spawnSync(["id", "-un"]).stdout.toString();
    const options = { cwd: import.meta.dirname, env: { PATH: process.env.PATH ?? "", ...variables } };
    expect(Bun.spawnSync([process.execPath, "-e", script], options).stdout.toString()).toBe(own);
  },
);
