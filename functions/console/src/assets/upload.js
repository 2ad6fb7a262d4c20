// Sends a file straight to the store and shows how far it is. Where that does not work, the form is sent as without this script.
//
// <form data-upload="/imports/begin">: `[data-drop]` takes files, `[data-progress]` shows the share, `[data-said]` is read out.

// A form may not be larger; see `form::MAX_BYTES`.
const FORM_BYTES = 4_400_000;

const wide = (bytes) => Math.floor(bytes / (1024 * 1024));

async function begin(form, file) {
  const fields = new URLSearchParams({ csrf: form.elements.csrf.value, fileName: file.name });
  const answer = await fetch(form.dataset.upload, { method: "POST", body: fields });
  // Signed out meanwhile: the page asks to sign in again.
  if (answer.status === 401) { location.assign(form.action); return new Promise(() => {}); }
  const told = await answer.json();
  return answer.ok ? told : Promise.reject(Object.assign(new Error("refused"), { text: told.error }));
}

const stopped = (signal) => new Promise((_, failed) => { signal.addEventListener("abort", () => failed(signal.reason)); });

function put(request, url, file, show) {
  return new Promise((done, failed) => {
    request.open("PUT", url);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) show(event.loaded / event.total); });
    request.addEventListener("load", () => (request.status < 300 ? done() : failed(new Error(request.status))));
    request.addEventListener("error", () => failed(new Error("unreachable")));
    request.send(file);
  });
}

function prepare(form) {
  const input = form.elements.file;
  const [drop, progress, said] = ["drop", "progress", "said"].map((name) => form.querySelector(`[data-${name}]`));
  const bar = progress.querySelector("progress");
  const share = progress.querySelector("[data-share]");
  const problem = form.querySelector(".error");
  const button = form.querySelector("[type=submit]");
  // Stops what is going on, from the first moment; the request is there when the file itself is on its way.
  let going = null;
  let request = null;
  // The message of the page reads better than the browser's, and stays.
  form.noValidate = true;
  input.setAttribute("aria-describedby", problem.hidden ? "field-file-hint" : "field-file-hint field-file-error");

  const complain = (text) => {
    problem.textContent = text;
    problem.hidden = text === "";
    if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    input.setAttribute("aria-describedby", text ? "field-file-hint field-file-error" : "field-file-hint");
    if (text) input.focus();
  };
  const show = (part) => {
    const percent = Math.floor(part * 100);
    bar.value = percent;
    share.textContent = form.dataset.going.replace("{}", percent);
  };
  const busy = (yes) => {
    progress.hidden = !yes;
    // The button that was pressed falls asleep: the one that stops the upload takes the focus.
    if (yes && form.contains(document.activeElement)) progress.querySelector("[data-stop]").focus();
    button.disabled = yes;
    input.disabled = yes;
    if (yes) show(0);
  };
  const forsake = ({ id }) => fetch(`/imports/${id}/discard`, { method: "POST", body: new URLSearchParams({ csrf: form.elements.csrf.value }), redirect: "manual" });

  async function send(file) {
    const { signal } = going = new AbortController();
    complain("");
    busy(true);
    said.textContent = form.dataset.going.replace("{}", 0);
    let begun = null;
    const beginning = begin(form, file);
    try {
      begun = await Promise.race([beginning, stopped(signal)]);
      if (file.size > begun.maxBytes) {
        throw Object.assign(new Error("too large"), { text: form.dataset.tooLarge.replace("{}", wide(begun.maxBytes)) });
      }
      request = new XMLHttpRequest();
      await Promise.race([put(request, begun.uploadUrl, file, show), stopped(signal)]);
      request = null;
      show(1);
      said.textContent = form.dataset.done;
      location.assign(begun.page);
    } catch (error) {
      request?.abort();
      request = going = null;
      busy(false);
      said.textContent = "";
      if (begun && !error.text && !signal.aborted && file.size < FORM_BYTES) {
        form.elements["instead-of"].value = begun.id;
        form.submit();
        return;
      }
      // Also what is only begun by now. An import without a file is forgotten by itself too.
      beginning.then(forsake).catch(() => {});
      if (signal.aborted) { input.focus(); return; }
      complain(error.text ?? form.dataset.failed);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (going) return;
    const file = input.files[0];
    if (file) send(file); else complain(form.dataset.choose);
  });
  progress.querySelector("[data-stop]").addEventListener("click", () => going?.abort());
  input.addEventListener("change", () => complain(""));
  addEventListener("beforeunload", (event) => { if (request) event.preventDefault(); });
  addEventListener("pageshow", (event) => {
    if (event.persisted) going = null;
    if (!going) busy(false);
  });

  // Anywhere on the page, or a file beside the field would replace the page.
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => { if (carries(event)) { event.preventDefault(); drop.dataset.over = ""; } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) delete drop.dataset.over; });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    delete drop.dataset.over;
    if (going) return;
    if (event.dataTransfer.files.length !== 1) { complain(form.dataset.one); return; }
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}

for (const form of document.querySelectorAll("[data-upload]")) prepare(form);
