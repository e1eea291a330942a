import { expect, test } from "bun:test";
import { checkContainerDefaults, withContainerDefaults } from "./container-defaults.ts";

const strict = { noNewPrivileges: true, userns: "keep-id:uid=1000" };

test("a request without the settings gets the user's defaults", () => {
  expect(withContainerDefaults({}, strict)).toEqual({
    SecurityOpt: ["no-new-privileges"],
    UsernsMode: "keep-id:uid=1000",
  });
});

test("settings of the request replace the defaults", () => {
  const own = { SecurityOpt: ["no-new-privileges:false"], UsernsMode: "host" };
  expect(withContainerDefaults(own, strict)).toEqual(own);
  const option = { SecurityOpt: ["no-new-privileges=false", "userns=host"] };
  expect(withContainerDefaults(option, strict)).toEqual(option);
});

test("without configured defaults a request is unchanged", () => {
  expect(withContainerDefaults({ Init: true }, { noNewPrivileges: false })).toEqual({ Init: true });
});

test("an invalid default is refused by the name of its key", () => {
  expect(() => checkContainerDefaults({ noNewPrivileges: false, userns: "auto" })).toThrow(
    'config.json: userns: must be host, keep-id, keep-id:uid=N,gid=N or keep-id:user=NAME, not "auto"',
  );
});
