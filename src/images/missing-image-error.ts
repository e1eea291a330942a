import { TboxError } from "#support/errors.ts";

/** An image that is not in the store. Clients of Docker's API match the message. */
export class MissingImageError extends TboxError {
  constructor(name: string) {
    super("not-found", `No such image: ${name}`);
    this.name = "MissingImageError";
  }
}
