// What all pages have: errors are read out, menus close, buttons say that they were pressed.

const summary = document.querySelector("[data-focus]");
if (summary) summary.focus();

const menu = document.querySelector("details.menu");
if (menu) {
  document.addEventListener("click", (event) => { if (menu.open && !menu.contains(event.target)) menu.open = false; });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

// A form is sent once; the button that was pressed stays part of what is sent. Coming back to the page wakes it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // What answers with a file leaves the page as it is: it may be asked for again.
  if (event.defaultPrevented || form.method !== "post" || "file" in form.dataset) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
});

// What only works with scripts is hidden without them.
for (const element of document.querySelectorAll("[data-with-script]")) element.hidden = false;
for (const element of document.querySelectorAll("[data-without-script]")) element.hidden = true;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print], [data-copy]");
  if (!button) return;
  if ("print" in button.dataset) window.print(); else copy(button, button.dataset.copy);
});

// Copies a text, and says after the row of the button whether that went well.
export async function copy(button, text) {
  const row = button.parentElement;
  const said = row.nextElementSibling?.matches(".said") ? row.nextElementSibling : document.createElement("p");
  said.className = "said muted small";
  said.setAttribute("role", "status");
  said.textContent = "";
  if (!said.isConnected) row.after(said);
  const result = await navigator.clipboard?.writeText(text).then(() => button.dataset.copied, () => undefined);
  // What comes together with its region, or is there already, is not read out.
  setTimeout(() => { said.textContent = result ?? button.dataset.notCopied; }, 100);
}
