/** Actions of image events, in Docker's wording. */
export type ImageAction =
  | "create"
  | "delete"
  | "import"
  | "load"
  | "pull"
  | "push"
  | "save"
  | "tag"
  | "untag";
