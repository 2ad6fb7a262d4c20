// Hands a link to another application of the phone; where there is no such thing, copies it.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share]");
  if (!button) return;
  const link = { title: button.dataset.title, text: button.dataset.text, url: button.dataset.share };
  try {
    if (navigator.share) return await navigator.share(link);
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  await navigator.clipboard.writeText(button.dataset.share);
  const row = button.parentElement;
  const said = row.nextElementSibling?.matches(".said") ? row.nextElementSibling : document.createElement("p");
  said.className = "said muted small";
  said.setAttribute("role", "status");
  if (!said.isConnected) row.after(said);
  said.textContent = button.dataset.copied;
});
