// A piece of a page that changes while somebody looks: <div data-live="/campaigns/cmp_1/progress">. It is fetched every two
// seconds (or as often as `data-every` says, the first time at once with `data-now`), less often while the page is not looked at or
// the server is away, until what comes has no `data-live` any more. What is announced stands in an element with
// `role=status`; the rest changes silently. `data-reload` is the address of the page, which is loaded anew when the last piece that
// comes has it, or when somebody was signed out.

const PAUSE = 2000;
const LONGEST = 30000;

// How the focused element is found again in what takes the place of its surroundings.
function mark(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : "";
}

function isChanged(field) {
  // What is wrong with a field was said about what somebody entered.
  if (field.matches("[aria-invalid=true]") || field.validity.badInput) return true;
  if (field.options) return field.selectedIndex !== Math.max([...field.options].findIndex((option) => option.defaultSelected), 0);
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}

// Loads the page anew, but not while somebody fills something in.
async function reload(address) {
  while ([...document.querySelectorAll("input, select, textarea")].some(isChanged)) await new Promise((done) => setTimeout(done, PAUSE));
  const focused = document.activeElement;
  if (focused && focused !== document.body) sessionStorage.setItem("focus", mark(focused));
  // A page that answered a form would be asked for with the form.
  if (new URL(address, location.href).pathname === location.pathname) location.reload(); else location.assign(address);
}

// Leaves it to the button that is there without a script.
function leave(place) {
  for (const element of place.querySelectorAll("[data-with-script]")) element.hidden = true;
  for (const element of place.querySelectorAll("[data-without-script]")) element.hidden = false;
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
      if (answer.type === "opaqueredirect") {
        if (current.dataset.reload) reload(current.dataset.reload); else leave(current);
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
      if (!next) return;
      // What was opened stays open.
      for (const open of current.querySelectorAll("details[id][open]")) next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
      if (next.outerHTML !== current.outerHTML) {
        const focused = current.contains(document.activeElement) ? mark(document.activeElement) : "";
        current.replaceWith(next);
        current = next;
        if (focused) next.querySelector(focused)?.focus({ preventScroll: true });
        if (!next.dataset.live && next.dataset.reload) { reload(next.dataset.reload); return; }
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
