// Rows of a table that can be chosen.
//
// <form data-select>: boxes `[data-row]` in rows, one `[data-all]` for the page, `[data-count]` says how many, everything in
// `[data-needs]` sleeps until something is chosen. `[data-sum]` adds up the `data-size` of rows. Without this script all of it is awake. `[data-kept]` are rows of other pages.

for (const form of document.querySelectorAll("[data-select]")) {
  const rows = () => [...form.querySelectorAll("[data-row]")];
  const all = form.querySelector("[data-all]");
  const everything = form.querySelector("[data-everything]");
  const show = () => {
    const here = rows().filter((row) => row.checked).length;
    const chosen = here + form.querySelectorAll("[data-kept]").length;
    const whole = everything?.checked ?? false;
    for (const row of rows()) row.closest("tr")?.toggleAttribute("data-chosen", row.checked || whole);
    for (const count of form.querySelectorAll("[data-count]")) {
      count.textContent = whole ? count.dataset.whole : count.dataset.count.replace("{}", chosen);
    }
    for (const sum of form.querySelectorAll("[data-sum]")) {
      const sizes = rows().filter((row) => row.checked).map((row) => Number(row.dataset.size));
      const text = sizes.length === 1 ? sum.dataset.sumOfOne : sum.dataset.sum;
      sum.textContent = sizes.length ? text.replace("{}", sizes.reduce((one, other) => one + other).toLocaleString("en")) : "";
    }
    for (const button of form.querySelectorAll("[data-needs]")) button.disabled = chosen === 0 && !whole;
    if (all) { all.checked = here > 0 && here === rows().length; all.indeterminate = here > 0 && here < rows().length; }
  };
  all?.addEventListener("change", () => { for (const row of rows()) row.checked = all.checked; show(); });
  let last = null;
  form.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row) return;
    if (event.shiftKey && last) {
      const list = rows();
      const [from, to] = [list.indexOf(last), list.indexOf(row)].sort((a, b) => a - b);
      for (const between of list.slice(from, to + 1)) between.checked = row.checked;
    }
    last = row;
  });
  // Enter in a box would press the form's first button.
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.closest("[data-row], [data-all]")) event.preventDefault(); });
  form.addEventListener("change", show);
  show();
}
