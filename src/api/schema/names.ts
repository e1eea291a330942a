import { z } from "zod";

const invalid = "invalid name";

/**
 * A name or ID in a path. What cannot even be looked up is refused; whether anything has this name is for
 * the store to say.
 */
export const objectName = z
  .string(invalid)
  .max(1024, invalid)
  .refine((name) => !/\p{Cc}/u.test(name), invalid)
  .refine((name) => !name.split("/").some((part) => part === "" || part === "." || part === ".."), invalid);

/** Parameters of `/containers/{id}/…`. */
export const containerParams = z.strictObject({ id: objectName });

/** Parameters of `/containers/{id}/{alias}`. */
export const linkParams = z.strictObject({ id: objectName, alias: objectName });
