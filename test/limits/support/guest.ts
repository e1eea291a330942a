import { open } from "node:fs/promises";

/** Sends a request to a service of the guest's init, which `test/uml/init` starts. Resolves with the service's answer. */
export async function askGuest(service: "clock" | "linger", request: string): Promise<void> {
  const answers = await open(`/run/${service}-set`, "r+");
  const requests = await open(`/run/${service}`, "r+");
  try {
    await requests.appendFile(`${request}\n`);
    await answers.read(Buffer.alloc(1), 0, 1, null);
  } finally {
    await requests.close();
    await answers.close();
  }
}
