import { rmSync } from "node:fs";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openVolumes } from "#volumes/open-volumes.ts";
import { describeVolumes } from "./volumes.ts";

describeVolumes("the volumes of a store", async () => {
  const directory = temporaryDirectory("volumes");
  const uses = openUsageRegister<"volume">();
  const events: unknown[][] = [];
  const volumes = openVolumes({
    database: memoryDatabase(),
    store: directory.path,
    uses,
    discard: (path) => rmSync(path, { recursive: true }),
    measure: async (paths) => paths.map(() => 4096),
    notify: (...event) => events.push(event),
    warn: () => {},
  });
  return {
    volumes,
    events,
    use(key) {
      const id = `container-${key}`;
      uses.register({ id, name: "web" }, [{ kind: "volume", key, active: false }]);
      return id;
    },
    [Symbol.asyncDispose]: async () => directory[Symbol.dispose](),
  };
});
