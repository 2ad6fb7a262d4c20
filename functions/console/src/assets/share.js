// Hands a link to another application of the phone; where there is no such thing, copies it.

import { copy } from "./console.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share]");
  if (!button) return;
  const link = { title: button.dataset.title, text: button.dataset.text, url: button.dataset.share };
  try {
    if (navigator.share) return await navigator.share(link);
  } catch (error) {
    if (error.name === "AbortError") return;
  }
  await copy(button, button.dataset.share);
});
