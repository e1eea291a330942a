import { pathTo, request } from "#client/api.ts";
import { needOwnProcess } from "#client/caller/remote-caller.ts";
import { DaemonError } from "#client/daemon/daemon-error.ts";
import { fetchJson } from "#client/endpoints.ts";
import { joinImageName, splitImageName } from "../../arguments/image-name.ts";
import { withApiSocket } from "../../container-flags/api-socket.ts";
import { createBody } from "../../container-flags/create-body.ts";
import { createContext } from "../../container-flags/create-context.ts";
import { containerFlags } from "../../container-flags/flags.ts";
import { print, printError, printWarning } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";
import { pullImage } from "../image/pull-image.ts";
import { refuseExisting, writeCidFile } from "./run/cid-file.ts";

export const createCommand = command({
  name: "create",
  aliases: ["container create"],
  summary: "Create a new container",
  synopsis: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  flags: containerFlags,
  arguments: atLeast(0),
  placement: "leading",
  failureCode: 125,
  examples: [
    { line: "tbox create --name web -p 8080:80 nginx", purpose: "Create a container for a later start" },
  ],
  remote: true,
  async run(invocation) {
    const { flags, positionals } = invocation;
    if (flags.cidfile !== undefined) await refuseExisting(flags.cidfile);
    const plain = await createBody(invocation, await createContext({ detach: false, tty: flags.tty }));
    const { body, archive } = flags["use-api-socket"] ? await withApiSocket(plain) : { body: plain };
    const image = flags.rootfs === undefined ? positionals[0] : undefined;
    const pull = async (name: string) => {
      needOwnProcess();
      const { platform } = flags;
      await pullImage(name, flags.quiet ? { platform } : { platform, progress: "stderr" });
    };
    const create = () => {
      const query = { name: flags.name, platform: flags.platform };
      return fetchJson("POST /containers/create", { query, json: body });
    };
    if (image !== undefined && flags.pull === "always") await pull(image);
    const created = await create().catch(async (error: unknown) => {
      const missing = error instanceof DaemonError && error.status === 404;
      if (!missing || image === undefined || (flags.pull ?? "missing") !== "missing") throw error;
      if (!error.message.startsWith("No such image")) throw error;
      needOwnProcess();
      const { name, tag } = splitImageName(image);
      printError(`Unable to find image '${joinImageName(name, tag)}' locally`, "bare");
      await pull(image);
      return create();
    });
    if (archive !== undefined) {
      const path = pathTo("containers", created.Id, "/archive");
      await request("PUT", path, { query: { path: "/" }, body: new Blob([archive]) });
    }
    for (const warning of created.Warnings) printWarning(warning);
    if (flags.cidfile !== undefined) writeCidFile(flags.cidfile, created.Id);
    await print(`${created.Id}\n`);
    return 0;
  },
});
