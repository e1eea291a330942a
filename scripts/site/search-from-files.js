// Searches the site when it is opened as files: browsers then load no modules, and with them not the site's own search.
// `make-search.ts` puts MiniSearch and the index before this text.
(() => {
  const search = MiniSearch.loadJSON(index, {
    fields: ["title", "titles", "text"],
    storeFields: ["title", "titles"],
  });
  const options = { prefix: true, fuzzy: 0.2, boost: { title: 4, text: 2, titles: 1 } };
  const dialog = document.createElement("dialog");
  const input = document.createElement("input");
  const list = document.createElement("ul");
  dialog.className = "files-search";
  input.type = "search";
  input.placeholder = "Search";
  dialog.append(input, list);
  document.body.append(dialog);

  input.addEventListener("input", () => {
    const results = search.search(input.value, options).slice(0, 16);
    list.replaceChildren(
      ...results.map(({ id, title, titles }) => {
        const link = document.createElement("a");
        link.className = "result";
        link.href = id.replace(/\/(?=#|$)/, "/index.html");
        link.textContent = [...titles, title].join(" › ");
        link.addEventListener("click", () => dialog.close());
        const item = document.createElement("li");
        item.append(link);
        return item;
      }),
    );
  });
  document.querySelector(".DocSearch-Button").addEventListener("click", () => dialog.showModal());
  // A folder has no index page when it is opened as a file.
  for (const link of document.querySelectorAll('a[href$="/"]')) link.href += "index.html";
})();
