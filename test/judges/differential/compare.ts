import { isRecord } from "#support/json.ts";
/** A difference between the answers of the two engines. */
export interface Difference {
  /** Request without names and values, such as `POST /containers/{}/start`. */
  request: string;
  /** Place in the answer, such as `status` or `body.HostConfig.Binds`. */
  place: string;
  docker: string;
  tbox: string;
}

/** Values of one answer that are compared. */
export interface Comparable {
  status: number;
  headers: Record<string, string>;
  body: unknown;
  unfinished: boolean;
}

const comparedHeaders = [
  "content-type",
  "api-version",
  "docker-experimental",
  "ostype",
  "x-docker-container-path-stat",
  "location",
];

/** Returns the differences between the answers to one request. */
export function compareAnswers(
  method: string,
  path: string,
  docker: Comparable,
  tbox: Comparable,
): Difference[] {
  const request = `${method} ${routeOf(path)}`;
  const found: Difference[] = [];
  const add = (place: string, one: unknown, other: unknown) =>
    found.push({ request, place, docker: brief(one), tbox: brief(other) });
  if (docker.status !== tbox.status) {
    add("status", `${docker.status} ${messageOf(docker.body)}`, `${tbox.status} ${messageOf(tbox.body)}`);
    return found;
  }
  if (docker.unfinished !== tbox.unfinished) add("end", docker.unfinished, tbox.unfinished);
  for (const name of comparedHeaders)
    if (docker.headers[name] !== tbox.headers[name])
      add(`header.${name}`, docker.headers[name], tbox.headers[name]);
  compareValues("body", docker.body, tbox.body, add);
  return found;
}

/** Reports every leaf that differs. Its place has no list indices. */
function compareValues(
  place: string,
  docker: unknown,
  tbox: unknown,
  add: (place: string, docker: unknown, tbox: unknown) => void,
): void {
  if (Array.isArray(docker) && Array.isArray(tbox)) {
    if (docker.length !== tbox.length) add(`${place}[]`, docker, tbox);
    else docker.forEach((one, index) => void compareValues(`${place}[]`, one, tbox[index], add));
    return;
  }
  if (isRecord(docker) && isRecord(tbox)) {
    for (const key of new Set([...Object.keys(docker), ...Object.keys(tbox)]))
      compareValues(`${place}.${key}`, docker[key], tbox[key], add);
    return;
  }
  if (JSON.stringify(docker) !== JSON.stringify(tbox)) add(place, docker, tbox);
}

/** Replaces names and query values of a path. */
function routeOf(path: string): string {
  const [route = "", query] = path.split("?");
  const general = route
    .replace(/^\/v[\d.]+/, "")
    .replace(/^\/(containers|networks|volumes|exec)\/(?!json$|create$|prune$)[^/]+/, "/$1/{}")
    .replace(
      /^\/images\/(?!json$|create$|prune$|load$|get$|search$).+?(\/(json|history|tag|push|get))?$/,
      "/images/{}$1",
    );
  const names = [...new URLSearchParams(query ?? "").keys()].toSorted();
  return names.length === 0 ? general : `${general}?${[...new Set(names)].join("&")}`;
}

function messageOf(body: unknown): string {
  return isRecord(body) && typeof body.message === "string" ? body.message.trim() : "";
}

function brief(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "absent");
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
