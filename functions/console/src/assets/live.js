// A piece of a page that changes while somebody looks: <div data-live="/campaigns/cmp_1/progress">. It is fetched every two
// seconds (or as often as `data-every` says, the first time at once with `data-now`), less often while the page is not looked at or
// the server is away, until what comes has no `data-live` any more. What is announced stands in an element with
// `role=status`; the rest changes silently.

const PAUSE = 2000;
const LONGEST = 30000;

async function follow(element) {
  const every = Number(element.dataset.every) * 1000 || PAUSE;
  let pause = every;
  let current = element;
  while (current?.dataset.live) {
    const wait = "now" in current.dataset && pause === every ? 0 : document.hidden ? LONGEST : pause;
    await new Promise((done) => setTimeout(done, wait));
    try {
      const answer = await fetch(current.dataset.live, { headers: { "x-requested-with": "fetch" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") { location.reload(); return; }
      if (!answer.ok) throw new Error(answer.status);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
      if (!next) return;
      if (next.outerHTML !== current.outerHTML) {
        const focused = current.contains(document.activeElement) ? document.activeElement.id : "";
        const done = !next.dataset.live && current.dataset.live && next.hasAttribute("data-reload");
        current.replaceWith(next);
        if (focused) document.getElementById(focused)?.focus();
        if (done) { location.reload(); return; }
      }
      current = next.isConnected ? next : current;
      pause = every;
    } catch {
      pause = Math.min(pause * 2, LONGEST);
    }
  }
}

for (const element of document.querySelectorAll("[data-live]")) follow(element);
