import { bytes, integer, message, text } from "./schema.ts";

/** Messages of the services that a client serves to the daemon, and of the health check that both sides serve. */

export const credentialsRequest = message({ host: text(1) });
export const credentialsResponse = message({ username: text(1), secret: text(2) });

export const secretRequest = message({ id: text(1) });
export const secretResponse = message({ data: bytes(1) });

export const checkAgentRequest = message({ id: text(1) });

export const healthResponse = message({ status: integer(1) });
