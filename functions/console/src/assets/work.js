// Work in many steps: the form that asks for the next step is sent by itself, and the answer takes the place of the part of the
// page that shows how far it is. When a step fails, the form stays, with its button.

async function work() {
  let place = document.querySelector("[data-work]");
  let form = place?.querySelector("form[data-step]");
  while (form) {
    for (const button of form.querySelectorAll("button")) button.hidden = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-work]");
      if (!next) { form.submit(); return; }
      place.replaceWith(next);
      place = next;
    } catch {
      for (const button of form.querySelectorAll("button")) button.hidden = false;
      return;
    }
    form = place.querySelector("form[data-step]");
  }
  place?.querySelector("[data-end]")?.focus();
}

work();
