import { z } from "zod";

const invalid = "invalid name";

/** Schema of a name or ID in a path. Refuses text that cannot be a name; the store knows whether the object exists. */
export const objectName = z
  .string(invalid)
  .max(1024, invalid)
  .refine((name) => !/\p{Cc}/u.test(name), invalid)
  .refine((name) => !name.split("/").some((part) => part === "" || part === "." || part === ".."), invalid);

/** Schema of the parameters of `/containers/{id}/…`. */
export const containerParams = z.strictObject({ id: objectName });

/** Schema of the parameters of `/containers/{id}/{alias}`. */
export const linkParams = z.strictObject({ id: objectName, alias: objectName });
