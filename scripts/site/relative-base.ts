import { loadSearch } from "./make-search.ts";

/** Path that stands for the site's directory in the files that VitePress writes. */
export const placeholder = "/@site@/";

/** Variable of the pages with the path of the site's directory, which a page knows when it is loaded. */
const variable = "siteDirectory";

/** Returns a file of the site without the placeholder, so that the site works in any directory of any server. */
export function withRelativeBase(path: string, text: string): string {
  const up = "../".repeat(path.split("/").length - 1) || "./";
  if (path.endsWith(".html")) return pageWithRelativeBase(text, up);
  if (path.endsWith(".css")) return text.replaceAll(placeholder, up);
  // The search index is one template literal.
  return text.replaceAll(`"${placeholder}"`, `(${variable})`).replaceAll(placeholder, `\${${variable}}`);
}

function pageWithRelativeBase(text: string, up: string): string {
  const start = `<script>var ${variable}=new URL("${up}",location.href).pathname</script>`;
  // The navigation stays when the reader goes to a page of another folder, so its links must not be relative then.
  const end =
    '<script>for(const a of document.querySelectorAll("a[href]:not([href^=\\"#\\"])"))a.href=a.href</script>';
  return text
    .replace("<head>", `<head>${start}${loadSearch}`)
    .replace("</body>", `${end}</body>`)
    .replaceAll(`\\"${placeholder}\\"`, `\\""+${variable}+"\\"`)
    .replaceAll(placeholder, up);
}
