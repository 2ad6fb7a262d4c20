// What was chosen stays chosen while somebody turns the pages of a list, searches or sorts it.
//
// <form data-keep="/customers">: ids of chosen rows are kept for the list at this path and for the value of its `group`, in this tab,
// until the form is sent or somebody comes from elsewhere. Those that are not on the page are hidden fields `[data-kept]`;
// `[data-kept-count]` says how many, `[data-forget]` forgets all.

for (const form of document.querySelectorAll("[data-keep]")) {
  const rows = [...form.querySelectorAll("[data-row]")];
  const key = `chosen ${form.dataset.keep} ${form.elements.group?.value ?? ""}`;
  const came = document.referrer && new URL(document.referrer);
  const turned = came && came.origin === location.origin && came.pathname === form.dataset.keep;
  const reloaded = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  const chosen = new Set(turned || reloaded ? JSON.parse(sessionStorage.getItem(key) ?? "[]") : []);
  const counts = form.querySelectorAll("[data-kept-count]");
  const forget = form.querySelector("[data-forget]");

  const show = () => {
    for (const row of rows) chosen[row.checked ? "add" : "delete"](row.value);
    const here = new Set(rows.map((row) => row.value));
    for (const old of form.querySelectorAll("[data-kept]")) old.remove();
    const others = [...chosen].filter((id) => !here.has(id));
    for (const id of others) {
      const field = Object.assign(document.createElement("input"), { type: "hidden", name: rows[0].name, value: id });
      field.dataset.kept = "";
      form.append(field);
    }
    for (const count of counts) count.textContent = others.length ? ` (${count.dataset.keptCount.replace("{}", others.length)})` : "";
    if (forget) forget.hidden = chosen.size === 0;
    sessionStorage.setItem(key, JSON.stringify([...chosen]));
  };

  if (rows.length) {
    for (const row of rows) if (chosen.has(row.value)) row.checked = true;
    // Before the script that counts: it listens at the form too.
    form.addEventListener("change", show, { capture: true });
    form.addEventListener("change", show);
    forget?.addEventListener("click", () => {
      chosen.clear();
      for (const row of rows) row.checked = false;
      form.dispatchEvent(new Event("change"));
    });
    form.addEventListener("submit", () => sessionStorage.removeItem(key));
    form.dispatchEvent(new Event("change"));
  }
}
