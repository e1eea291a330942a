import { helperUnavailable } from "#test/support/user.ts";
import { describeImageArchives } from "./image-archives.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openImagesOnDisk, openImagesOverFakes } from "./support/images-subject.ts";

describeImageArchives("image archives over fake layers", openImagesOverFakes);
describeUnless(helperUnavailable, "with the helper", () => {
  describeImageArchives("image archives", openImagesOnDisk);
});
