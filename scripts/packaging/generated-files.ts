import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { apparmorProfile } from "#cli/commands/system/doctor/apparmor-profile.ts";
import { planUnits } from "#cli/commands/system/systemd/units.ts";
import { scripts } from "#cli/completion/scripts.ts";
import { manualPages } from "#cli/docs/generated-files.ts";

/** Completion scripts, where the shells look for them below `share`. */
const completions = {
  bash: "share/bash-completion/completions/tbox",
  zsh: "share/zsh/site-functions/_tbox",
  fish: "share/fish/vendor_completions.d/tbox.fish",
};

/** Writes manual pages, completions, units and the AppArmor profile below the directory. `prefix` is where the programs will be. */
async function writeGeneratedFiles(directory: string, prefix: string): Promise<void> {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(`${directory}/${path}`), { recursive: true });
    writeFileSync(`${directory}/${path}`, text);
  };
  for (const [path, text] of await manualPages()) put(path.replace("dist/man/", "share/man/"), text);
  put(completions.bash, scripts.bash);
  put(completions.zsh, scripts.zsh);
  put(completions.fish, scripts.fish);
  put("share/tbox/apparmor/tbox", apparmorProfile(`${prefix}/lib/tbox/tbox-helper`));
  const units = planUnits({
    command: [`${prefix}/lib/tbox/tbox-main`],
    socket: "%t/tbox/tbox.sock",
    environment: {},
  });
  for (const [name, text] of Object.entries(units)) put(`share/systemd/user/${name}`, text);
}

const [directory, prefix] = process.argv.slice(2);
if (directory === undefined || prefix === undefined)
  throw new Error("usage: generated-files DIRECTORY PREFIX");
await writeGeneratedFiles(directory, prefix);
