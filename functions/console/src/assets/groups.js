// Groups to choose from: what is typed is looked for at once, and what was chosen stays.
//
// <div data-groups="/groups/choose?as=one&name=to">: a `[data-search]` and a `[data-found]`, which what comes is put in place of.
// `[data-said]` stays and is read out: what `[data-nothing]` says when nothing was found.
// A text in `[data-new]` chooses the box of its row.

for (const place of document.querySelectorAll("[data-groups]")) {
  const search = place.querySelector("[data-search]");
  let timer;
  let newest = 0;

  const find = async () => {
    const mine = ++newest;
    const address = new URL(place.dataset.groups, location.href);
    address.searchParams.set("q", search.value.trim());
    try {
      const answer = await fetch(address, { redirect: "manual" });
      if (!answer.ok || mine !== newest) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-found]");
      const found = place.querySelector("[data-found]");
      if (!next || !found) return;
      for (const chosen of [...found.querySelectorAll("input:checked")].reverse()) {
        const same = [...next.querySelectorAll("input")].find((input) => input.value === chosen.value);
        if (same) same.checked = true;
        else next.querySelector("ul")?.prepend(chosen.closest("li"));
      }
      found.replaceWith(next);
      place.querySelector("[data-said]").textContent = next.querySelector("[data-nothing]")?.textContent ?? "";
    } catch {
      // The list stays as it is; the next letter asks again.
    }
  };

  // Without its name the search is no part of the form around it.
  search?.removeAttribute("name");
  search?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(find, 200); });
  search?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); find(); } });
  place.querySelector("[data-new]")?.addEventListener("input", (event) => {
    const box = event.target.closest("li").querySelector("input[type=radio]");
    if (event.target.value.trim()) box.checked = true;
  });
}
