// A template that is being written: <form data-preview="/templates/preview">. The message beside it follows what is typed, limits are
// counted, and variables are put in where the text is being written. Without this script a button renews the message.

for (const form of document.querySelectorAll("form[data-preview]")) {
  const content = form.elements.content;
  let field = content;
  form.addEventListener("focusin", (event) => {
    if (event.target === content || event.target.name === "emphasisTitle") field = event.target;
  });

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });

  // The provider counts a line break as two characters, and a variable each time that it stands there.
  const used = {
    content: () => [...content.value.trim().replaceAll(/\r\n?|\n/g, "\r\n")].length,
    variables: () => content.value.match(/#\{[^}]*\}/g)?.length ?? 0,
  };
  const count = () => {
    for (const counter of form.querySelectorAll("[data-counter]")) {
      const number = used[counter.dataset.counter]();
      const over = number > Number(counter.dataset.most);
      counter.querySelector("[data-used]").textContent = number.toLocaleString("en");
      counter.toggleAttribute("data-over", over);
      const said = counter.querySelector("[data-said]");
      const text = over ? counter.dataset.warning : "";
      if (said.textContent !== text) said.textContent = text;
    }
  };

  let timer = 0;
  let asked = null;
  const renew = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.preview, {
        method: "POST", body: new URLSearchParams(new FormData(form)), signal: asked.signal, redirect: "manual",
      });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
      if (next) document.getElementById("preview").replaceWith(next);
    } catch {
      // What is shown stays until the next change.
    }
  };
  form.addEventListener("input", () => {
    count();
    clearTimeout(timer);
    timer = setTimeout(renew, 250);
  });
  count();
}
