import { askGuest } from "./guest.ts";

/**
 * Lets the user's processes outlive the last session, or not. No session is open in the guest, so that "disable" acts like the
 * last logout, and "enable" like the next login. Resolves when systemd has stopped or started the user's services.
 */
export function changeLinger(action: "enable" | "disable"): Promise<void> {
  return askGuest("linger", action);
}
