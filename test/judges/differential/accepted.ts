import type { Difference } from "./compare.ts";

interface Accepted {
  request?: RegExp;
  place?: RegExp;
  docker?: RegExp;
  tbox?: RegExp;
  reason: string;
}

/** Accepted differences, each with its reason. */
const accepted: Accepted[] = [
  {
    place: /^status$/,
    docker: /^0 /,
    reason: "Docker 28.5.2 ends requests about unknown drivers without an answer",
  },
  { place: /\.(ResolvConfPath|HostnamePath|HostsPath)$/, reason: "the files exist since the create" },
  {
    place: /\.(Driver|GraphDriver\.Name)$/,
    docker: /^overlay2$/,
    reason: "tbox has one driver, named after the file system",
  },
  { place: /\.GraphDriver\.Data/, reason: "layers are mounted in the container's namespace only" },
  { place: /\.(CgroupnsMode|OomKillDisable|MemorySwappiness)$/, reason: "Docker runs on cgroup v1 here" },
  { place: /\.Runtime$/, docker: /^runc$/, reason: "tbox is its own runtime" },
  {
    place: /\.(Tbox|Descriptor)$/,
    docker: /^absent$/,
    reason: "fields of tbox, and of Docker's containerd image store",
  },
  {
    place: /\.(EnableIPv6|IPAM\.Config(\[\])?|Options\.com\.docker\.network\.bridge\.enable_ip_masquerade)$/,
    reason: "tbox has IPv6 by default; Docker runs without a firewall here",
  },
  { place: /\.(GlobalIPv6Address|GlobalIPv6PrefixLen|IPv6Gateway)$/, reason: "tbox has IPv6 by default" },
  { place: /\.NetworkID$/, docker: /^$/, reason: "a container's networks are known since its create" },
  {
    place: /\.Blkio\w+$/,
    docker: /^null$/,
    reason: "a limit that is not set is an empty list, as clients send it",
  },
  {
    place: /\.ExposedPorts\./,
    docker: /^(\{\}|absent)$/,
    tbox: /^(\{\}|absent)$/,
    reason: "a port without a protocol is shown with tcp",
  },
  {
    place: /^status$/,
    docker: /^400 invalid JSON: /,
    tbox: /^20/,
    reason: "an empty text, list or object means an absent value",
  },
  { place: /\.message$/, docker: /^invalid JSON: /, reason: "Docker's text names types of Go" },
  { place: /^status$/, docker: /^500 /, tbox: /^40/, reason: "an invalid request gets a 4xx" },
  {
    place: /\.Warnings\[\]$/,
    tbox: /unknown field/,
    reason: "tbox warns of fields that the API does not have",
  },
  {
    place: /\.(Masked|Readonly)Paths(\[\])?$/,
    reason: "tbox also hides /proc/kallsyms and /proc/kmsg, and sorts the list",
  },
  {
    place: /\.entries\.(dev|etc)\//,
    reason: "the files that the engine provides are not in Docker's export",
  },
  {
    place: /^header\./,
    docker: /^absent$/,
    request: /attach|exec/,
    reason: "Docker's raw streams have no such headers",
  },
  {
    place: /\.(NetworksDeleted|VolumesDeleted|ContainersDeleted|ImagesDeleted|CachesDeleted|Warnings)$/,
    docker: /^null$/,
    tbox: /^\[\]$/,
    reason: "clients need no check for null",
  },
  {
    place: /\.Hostname$/,
    tbox: /^vm$|^[a-z]/,
    docker: /short>$/,
    reason: "the name of the host is known at the create",
  },
  { place: /\.Propagation$/, docker: /^rslave$/, reason: "Docker's own store is below this directory" },
  { place: /\.Sandbox(ID|Key)$/, tbox: /^$/, reason: "the network namespace is not the host's" },
  {
    place: /^status$/,
    docker: /^20[01] /,
    tbox: /^400 (no image specified|Healthcheck|bad nameserver|invalid (DNS setting|tmpfs option|hostname|specification|mount path)|ExposedPorts|HostConfig\.Mounts\.\d+\.TmpfsOptions\.SizeBytes|Cmd: )/,
    reason: "a container that cannot start is not created",
  },
  { place: /\.networks?\.none\.EndpointID$/i, tbox: /^$/, reason: "nothing connects to this network" },
  {
    place: /\.Ports(\[\]|\.\d+\/\w+)$/,
    docker: /^(null|absent|\[\{"PrivatePort":0)/,
    reason: "a range of exposed ports is shown as its ports",
  },
  {
    place: /^status$/,
    docker: /^400 invalid IP address in add-host: "\[/,
    tbox: /^201/,
    reason: "the form of Docker's command line is accepted",
  },
  {
    place: /^status$/,
    docker: /^400 bad format for add-host: "\w+=/,
    tbox: /^201/,
    reason: "the form of Docker's command line is accepted",
  },
  {
    place: /^status$/,
    docker: /^404 invalid reference format/,
    tbox: /^400/,
    reason: "an invalid name is not a missing image",
  },
  {
    place: /^status$/,
    tbox: /pausing needs a cgroup/,
    reason: "this machine gives the user no cgroup",
  },
  {
    place: /^status$/,
    docker: /^400 squash is only supported with experimental mode/,
    reason: "tbox has no experimental mode",
  },
  {
    place: /\.(message|Error|Message)$/,
    docker: /^failed to create task for container: /,
    tbox: /exec: /,
    reason: "the message names the steps of tbox instead of containerd's and runc's",
  },
  {
    request: /^(GET|DELETE|POST) \/(images|build)/,
    place: /\.message$/,
    docker:
      /^(failed to parse platform|keep-storage|error reading build args|dockerfile parse|failed to parse Dockerfile)/,
    reason: "the text names the parameter, or the line",
  },
  {
    request: /history/,
    place: /\.(Comment|CreatedBy|Id|Tags)$/,
    reason: "the history has BuildKit's format; intermediate images do not exist",
  },
  { place: /\.(Comment|DockerVersion|Parent)$/, reason: "one builder for both protocols" },
  {
    place: /\.message$/,
    docker:
      /^(invalid (filter|value for filter|name or ID|endpoint settings)|failed to parse value as time|create v\d: invalid option)/,
    tbox: /invalid|Container: |cannot/,
    reason: "the text names the field or the filter in another way",
  },
  {
    request: /connect/,
    place: /^status$/,
    docker: /^200 /,
    tbox: /^404 network/,
    reason: "a container is not connected to a network that does not exist",
  },
  { place: /\.IPAM\.Config\[\]\.Gateway$/, docker: /^absent$/, reason: "the gateway is known at the create" },
  { place: /\.IPv6Address$/, docker: /^$/, reason: "tbox has IPv6 by default" },
  { place: /\.Warning$/, tbox: /unknown field/, reason: "tbox warns of fields that the API does not have" },
  {
    place: /^status$/,
    docker: /^500 .*too many open files/,
    tbox: /^204/,
    reason: "runc needs more open files than the program may have",
  },
  {
    place: /^status$/,
    docker: /^201 /,
    tbox: /^501 publishing/,
    reason: "a container that cannot start is not created",
  },
  {
    place: /^status$/,
    docker: /Cannot mkdir: .* is not a directory/,
    tbox: /^201/,
    reason: "create does not read the files of the image; the start fails",
  },
  {
    request: /^POST \/images\/.*tag|^GET \/images\/get/,
    place: /^status$/,
    docker: /^200 /,
    tbox: /^400/,
    reason: "a request without a name does nothing in Docker",
  },
  { place: /^status$/, docker: /index\.docker\.io/, reason: "this machine has no way to Docker Hub" },
  {
    request: /^GET \/images|^POST \/images\/create/,
    place: /\.message$/,
    tbox: /^No such image|^the request has no body|unknown operating system/,
    reason: "the text is another one",
  },
  { place: /\.LastTagTime$/, docker: /^0001/, reason: "a loaded image got its name at the load" },
  { place: /\.Attributes\.path$/, docker: /^absent$/, reason: "an additional attribute" },
  {
    place: /\.(SpaceReclaimed|reclaimed)$/,
    docker: /^0$/,
    reason: "the directories of a container take space on the disk, too",
  },
  { place: /\.SecurityOpt$/, docker: /^\["label=disable"\]$/, reason: "tbox sets no SELinux labels" },
  {
    place: /^body\[\]\.Mounts\[\]\.Source$/,
    docker: /^$/,
    reason: "Docker knows the path only at the start",
  },
  {
    request: /^POST \/networks\/create/,
    place: /^status$/,
    tbox: /^(501 (ConfigOnly|ConfigFrom|Ingress|network driver)|400 Scope)/,
    reason: "tbox has networks of the driver bridge only, and no Swarm",
  },
  {
    request: /networks/,
    place: /\.message$/,
    docker: /strconv\.|pool is empty|^invalid network config/,
    reason: "the text names the field",
  },
  { place: /\.message$/, docker: /^error reading volume filters/, reason: "the text names the filter" },
  {
    place: /^status$/,
    docker: /^503 This node is not a swarm manager/,
    reason: "an empty object is no value",
  },
  {
    request: /^POST \/build/,
    place: /^body\.values\[\]$/,
    docker: /^\[\{"stream":"Step 1\//,
    tbox: /^\[\{"stream":"Step [2-9]\//,
    reason: "stages that the target does not need are not built",
  },
  {
    request: /^POST \/build/,
    place: /\.(message|error)$/,
    docker: /^(Invalid containerPort|When using|squash is only)|invalid argument$/,
    reason: "the text is another one",
  },
  { place: /\.Cmd\[\]$/, tbox: /^\["\/bin\/sh","-c",""\]$/, reason: "an empty CMD, as with BuildKit" },
  {
    request: /history/,
    place: /^body\[\]$/,
    docker: /#\(nop\) {2}ONBUILD/,
    reason: "the history has BuildKit's format",
  },
  {
    request: /^GET \/events/,
    place: /^body\.values\[\](\.from|\.Actor\.Attributes\.image)$/,
    docker: /^sha256:/,
    tbox: /^(absent)?$/,
    reason: "containers of classic builds have no image",
  },
  {
    request: /^GET \/events/,
    place: /^body\.values\[\]$/,
    tbox: /"image":"","name":"<invented>"/,
    reason: "containers of classic builds have no image, and steps without a program no container",
  },
  {
    request: /^GET \/(containers|images|volumes)/,
    place: /^body(\.Volumes)?\[\]/,
    docker: /"Command":"\/bin\/sh -c|"RepoTags":\[\]|"com.docker.volume.anonymous"/,
    reason: "a failed classic build leaves no container, and no intermediate images",
  },
];

/** Returns whether a difference is accepted. */
export function isAccepted(difference: Difference): boolean {
  const { place, docker, tbox } = difference;
  // Docker's message is the same with more words.
  if (/\.message$/.test(place) && tbox.includes(docker.trim())) return true;
  // Docker makes a container for every step of a classic build, splits lines of stderr, and warns after the image's ID.
  if (/\.stream$/.test(place) && buildOutput(docker) === buildOutput(tbox)) return true;
  return accepted.some(
    (one) =>
      (one.request?.test(difference.request) ?? true) &&
      (one.place?.test(place) ?? true) &&
      (one.docker?.test(docker) ?? true) &&
      (one.tbox?.test(tbox) ?? true),
  );
}

/** Returns the output of a classic build without colours, warnings and the containers of its steps. */
function buildOutput(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: codes of a terminal
  const plain = text.replaceAll(/\x1b\[\d+m/g, "");
  return plain.replaceAll(/^( ---> (Running in|Removed intermediate container) |\[Warning\] ).*\n/gm, "");
}
