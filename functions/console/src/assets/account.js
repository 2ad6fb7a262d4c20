// A password can be looked at while it is chosen: it is typed once.

for (const form of document.querySelectorAll("form[data-reveal]")) {
  for (const field of form.querySelectorAll("input[type=password]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain-link reveal";
    button.textContent = form.dataset.reveal;
    button.setAttribute("aria-controls", field.id);
    button.addEventListener("click", () => {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      button.textContent = shown ? form.dataset.conceal : form.dataset.reveal;
    });
    field.after(button);
    // What is remembered and filled in must be a password again.
    form.addEventListener("submit", () => { field.type = "password"; });
  }
}
