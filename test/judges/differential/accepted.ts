import type { Difference } from "./compare.ts";

interface Accepted {
  request?: RegExp;
  place?: RegExp;
  docker?: RegExp;
  tbox?: RegExp;
  reason: string;
}

/** Differences that stand, each with its reason. */
const accepted: Accepted[] = [
  { place: /\.(ResolvConfPath|HostnamePath|HostsPath)$/, reason: "the files exist from the create on" },
  {
    place: /\.(Driver|GraphDriver\.Name)$/,
    docker: /^overlay2$/,
    reason: "tbox has one driver, named after the file system",
  },
  { place: /\.GraphDriver\.Data/, reason: "layers are mounted in the container's namespace only" },
  { place: /\.(CgroupnsMode|OomKillDisable|MemorySwappiness)$/, reason: "this Docker runs on cgroup v1" },
  { place: /\.Runtime$/, docker: /^runc$/, reason: "tbox is its own runtime" },
  {
    place: /\.(Tbox|Descriptor)$/,
    docker: /^absent$/,
    reason: "fields of tbox, and of Docker's containerd image store",
  },
  {
    place: /\.(EnableIPv6|IPAM\.Config(\[\])?|Options\.com\.docker\.network\.bridge\.enable_ip_masquerade)$/,
    reason: "tbox has IPv6 by default; this Docker runs without a firewall",
  },
  { place: /\.(GlobalIPv6Address|GlobalIPv6PrefixLen|IPv6Gateway)$/, reason: "tbox has IPv6 by default" },
  { place: /\.message$/, docker: /^invalid JSON: /, reason: "Docker's text names types of Go" },
  { place: /^status$/, docker: /^500 /, tbox: /^40/, reason: "a request that is at fault gets a 4xx" },
  {
    place: /\.Warnings\[\]$/,
    tbox: /unknown field/,
    reason: "tbox warns of fields that the API does not have",
  },
  { place: /\.Propagation$/, docker: /^rslave$/, reason: "Docker's own store lies below this directory" },
  { place: /\.SecurityOpt$/, docker: /^\["label=disable"\]$/, reason: "tbox sets no SELinux labels" },
  {
    place: /^body\[\]\.Mounts\[\]\.Source$/,
    docker: /^$/,
    reason: "Docker knows the path at the start only",
  },
];

/** Whether a difference is one that stands. */
export function isAccepted(difference: Difference): boolean {
  return accepted.some(
    ({ request, place, docker, tbox }) =>
      (request?.test(difference.request) ?? true) &&
      (place?.test(difference.place) ?? true) &&
      (docker?.test(difference.docker) ?? true) &&
      (tbox?.test(difference.tbox) ?? true),
  );
}
