// Work in many steps: the form that asks for the next step is sent by itself, and the answer takes the place of the part of the
// page that shows how far it is. When a step fails, the form stays, with its button, and `[data-stopped]` says so.

async function work() {
  let place = document.querySelector("[data-work]");
  let form = place?.querySelector("form[data-step]");
  while (form) {
    for (const button of form.querySelectorAll("button")) button.hidden = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
      // Nothing was done: the whole page asks to sign in again, or is another one.
      if (answer.status === 401 || answer.type === "opaqueredirect") { form.submit(); return; }
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-work]");
      if (!next) throw new Error(answer.status);
      place.replaceWith(next);
      place = next;
    } catch {
      for (const button of form.querySelectorAll("button")) button.hidden = false;
      const said = place.querySelector("[data-stopped]");
      said.textContent = said.dataset.stopped;
      return;
    }
    form = place.querySelector("form[data-step]");
  }
  place?.querySelector("[data-end]")?.focus();
}

work();
