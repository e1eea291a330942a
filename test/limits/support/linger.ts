import { open } from "node:fs/promises";

/**
 * Lets the user's processes outlive the last session, or not. No session is open in the guest, so that "disable" acts like the
 * last logout, and "enable" like the next login. Resolves when systemd has stopped or started the user's services.
 */
export async function changeLinger(action: "enable" | "disable"): Promise<void> {
  const answers = await open("/run/linger-set", "r+");
  const requests = await open("/run/linger", "r+");
  try {
    await requests.appendFile(`${action}\n`);
    await answers.read(Buffer.alloc(1), 0, 1, null);
  } finally {
    await requests.close();
    await answers.close();
  }
}
