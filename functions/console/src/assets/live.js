// A piece of a page that changes while somebody looks: <div data-live="/campaigns/cmp_1/progress">. It is fetched every two
// seconds (or as often as `data-every` says, the first time at once with `data-now`), less often while the page is not looked at or
// the server is away, until what comes has no `data-live` any more. What is announced stands in an element with
// `role=status`; the rest changes silently.

const PAUSE = 2000;
const LONGEST = 30000;

// How the focused element is found again in what takes the place of its surroundings.
function mark(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : "";
}

function reload() {
  const focused = document.activeElement;
  if (focused && focused !== document.body) sessionStorage.setItem("focus", mark(focused));
  location.reload();
}

async function follow(element) {
  const every = Number(element.dataset.every) * 1000 || PAUSE;
  let pause = every;
  let current = element;
  while (current?.dataset.live) {
    const wait = "now" in current.dataset && pause === every ? 0 : document.hidden ? LONGEST : pause;
    await new Promise((done) => setTimeout(done, wait));
    try {
      const answer = await fetch(current.dataset.live, { headers: { "x-requested-with": "fetch" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") { reload(); return; }
      if (!answer.ok) throw new Error(answer.status);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
      if (!next) return;
      // What was opened stays open.
      for (const open of current.querySelectorAll("details[id][open]")) next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
      if (next.outerHTML !== current.outerHTML) {
        const focused = current.contains(document.activeElement) ? mark(document.activeElement) : "";
        const done = !next.dataset.live && current.dataset.live && next.hasAttribute("data-reload");
        current.replaceWith(next);
        current = next;
        if (focused) next.querySelector(focused)?.focus({ preventScroll: true });
        if (done) { reload(); return; }
      }
      pause = every;
    } catch {
      pause = Math.min(pause * 2, LONGEST);
    }
  }
}

const kept = sessionStorage.getItem("focus");
sessionStorage.removeItem("focus");
if (kept) document.querySelector(kept)?.focus({ preventScroll: true });

for (const element of document.querySelectorAll("[data-live]")) follow(element);
