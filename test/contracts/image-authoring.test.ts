import { helperUnavailable } from "#test/support/user.ts";
import { describeImageAuthoring } from "./image-authoring.ts";
import { describeUnless } from "./support/describe-unless.ts";
import { openImagesOnDisk, openImagesOverFakes } from "./support/images-subject.ts";

describeImageAuthoring("image authoring over fake layers", openImagesOverFakes);
describeUnless(helperUnavailable, "with the helper", () => {
  describeImageAuthoring("image authoring", openImagesOnDisk);
});
