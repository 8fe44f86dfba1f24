// One item after the other, by keyboard. The forms work without this; here they are sent in place, the next item is
// kept ready, what is written is kept as a draft, and a label that could not be sent is sent again.
import { on, say } from "./app.js";
import { prepare } from "./conversation.js";

const LEASE = 60_000;
const main = document.getElementById("main");
const token = document.querySelector('meta[name="csrf"]').content;
const api = (path, body, method = "POST", keepalive = false) => fetch(`/api/v1/review/${path}`, {
  method, keepalive, headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify(body ?? {}),
});

let ready = null;      // {id, html}: the next item
let fetching = null;
let unsaved = 0;
let clock = { since: 0, kept: 0 };

const article = () => main.querySelector("[data-review]");
const form = () => main.querySelector("[data-label-form]");
const open = () => Boolean(article()) && article().dataset.done === "no";

// Seconds count from when the item is shown, and stop while the page is hidden.
function restart() { clock = { since: document.hidden ? 0 : performance.now(), kept: 0 }; }
const seconds = () => (clock.kept + (clock.since ? performance.now() - clock.since : 0)) / 1000;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { clock = { since: 0, kept: clock.kept + (clock.since ? performance.now() - clock.since : 0) }; }
  else { clock.since = performance.now(); renew(); }
});

function begin() {
  prepare();
  const reasons = main.querySelector("[data-reasons]");
  if (reasons && !reasons.querySelector(":checked")) reasons.hidden = true;
  const why = main.querySelector("[data-flag-why]");
  if (why && !why.querySelector("input").value) why.hidden = true;
  restart();
  if (open()) renew();
  if (article()) keepReady();
}

async function keepReady() {
  if (ready || fetching) return;
  const beside = article().dataset.item;
  fetching = (async () => {
    const found = await (await api("next", { beside })).json();
    if (!found.id) return;
    const answer = await fetch(`/review/${found.id}`, { headers: { "X-Fragment": "1" }, cache: "no-store" });
    if (answer.ok) ready = { id: found.id, html: await answer.text() };
  })().catch(() => {}).finally(() => { fetching = null; if (article()) article().dataset.ready = "yes"; });
  await fetching;
}

async function renew() {
  if (document.hidden) return;
  const item = open() && article().dataset.item;
  if (item) {
    const held = await api(`items/${item}/take`).then((answer) => answer.json()).catch(() => null);
    if (held && held.held === false) say("Somebody else has this item by now; your label still counts", 8000);
  }
  if (ready) api(`items/${ready.id}/take`).catch(() => {});
}
setInterval(renew, LEASE);

async function next() {
  if (fetching && !ready) await fetching;
  if (!ready) {
    const way = document.createElement("form");
    way.method = "post"; way.action = "/review/next";
    way.innerHTML = '<input type="hidden" name="csrf">';
    way.firstChild.value = token;
    document.body.append(way);
    way.submit();
    return;
  }
  const { id, html } = ready;
  ready = null;
  main.innerHTML = html;
  history.pushState({ review: id }, "", `/review/${id}`);
  scrollTo(0, 0);
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent.trim()} · otel-evals`;
  heading.focus({ preventScroll: true });
  begin();
}

// Flagged at once; why comes after it, if it comes: Enter in the field sends it.
async function flag() {
  const why = main.querySelector("[data-flag-why]");
  const reason = why.querySelector("input").value.trim();
  const answer = await api(`items/${article().dataset.item}/flag`, { reason }).catch(() => null);
  if (!answer?.ok) { say("Not flagged: try again"); return; }
  say(reason ? "Flagged, with your words" : "Flagged. Why? Enter sends it, Esc leaves it");
  why.hidden = Boolean(reason);
  if (!reason) why.querySelector("input").focus(); else document.activeElement.blur();
}

function choose(verdict) {
  for (const button of main.querySelectorAll("[data-verdict]")) {
    button.setAttribute("aria-pressed", String(button.dataset.verdict === verdict));
  }
  const again = main.querySelector("[data-again]");  // reasons may be chosen first: the second press saves
  if (again) again.hidden = verdict !== "fail";
}
const chosen = () => main.querySelector('[data-verdict][aria-pressed="true"]')?.dataset.verdict;

function fail() {
  const reasons = main.querySelector("[data-reasons]");
  reasons.hidden = false;
  choose("fail");
  reasons.scrollIntoView({ block: "nearest" });
}

async function send(verdict) {
  const label = form();
  if (!label || label.dataset.sending) return;
  label.dataset.sending = "yes";
  clearTimeout(draft.timer);
  choose(verdict);
  const body = new FormData(label);
  body.set("verdict", verdict);
  body.set("seconds", seconds().toFixed(1));
  const address = label.action;
  const item = article().dataset.item;
  unsaved += 1;
  for (let attempt = 1; ; attempt += 1) {
    let answer = null;
    try {
      answer = await fetch(address, {
        method: "POST", headers: { "X-Fragment": "1", "x-csrf-token": token }, body: new URLSearchParams(body),
      });
    } catch { /* the network: again */ }
    if (answer && answer.ok) {
      unsaved -= 1;
      if (article()?.dataset.item === item) reveal(await answer.text());
      return;
    }
    if (answer && answer.status < 500 && answer.status !== 429) {
      unsaved -= 1;
      delete label.dataset.sending;
      const why = await answer.json().catch(() => ({}));
      say(`Not saved: ${why.detail || answer.status}`, 0);
      return;
    }
    say(`Not saved, trying again (${attempt})`, 0);
    await new Promise((resolve) => { setTimeout(resolve, Math.min(30_000, 500 * 2 ** attempt)); });
  }
}

function panel(html, done) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.querySelector("[data-panel]");
  if (!fresh) return false;
  main.querySelector("[data-panel]").replaceWith(document.adoptNode(fresh));
  article().dataset.done = done;
  return true;
}

function reveal(html) {
  if (!panel(html, "yes")) return;
  say("Saved");
  main.querySelector("[data-reveal] h2").focus({ preventScroll: true });
  main.querySelector("[data-reveal]").scrollIntoView({ block: "nearest" });
  keepReady();
}

// What is written is kept on the server, so that it is there after a reload or on another machine.
function draft() {
  clearTimeout(draft.timer);
  draft.timer = setTimeout(async () => {
    const label = form();
    if (!label || label.dataset.sending) return;
    const values = new FormData(label);
    const lines = (name) => String(values.get(name) ?? "").split("\n").map((line) => line.trim()).filter(Boolean);
    const state = main.querySelector("[data-draft-state]");
    const answer = await api(`items/${article().dataset.item}/draft`, {
      note: values.get("note"), corrected: values.get("corrected"),
      expected: {
        behaviour: values.getAll("behaviour"), must_contain: lines("must_contain"),
        must_not_contain: lines("must_not_contain"), sources: lines("sources"),
      },
    }, "PUT").catch(() => null);
    if (state) state.textContent = answer?.ok ? "Draft saved" : "Draft not saved";
  }, 800);
}

main.addEventListener("input", (event) => { if (event.target.closest("[data-label-form]")) draft(); });
main.addEventListener("submit", (event) => {
  if (event.target.matches("[data-label-form]") && !event.submitter?.formAction.match(/\/(flag|skip|release)$/)) event.preventDefault();
});
main.addEventListener("click", (event) => {
  const target = event.target.closest("[data-verdict], [data-skip], [data-flag], [data-next], [data-second]");
  if (!target || !article()) return;
  event.preventDefault();
  if (target.matches("[data-verdict]")) {
    const verdict = target.dataset.verdict;
    if (verdict === "fail" && chosen() !== "fail") fail(); else send(verdict);
  } else if (target.matches("[data-skip]")) {
    api(`items/${article().dataset.item}/skip`).then(next, () => say("Not skipped: no connection"));
    article().dataset.done = "skipped";
  } else if (target.matches("[data-flag]")) {
    flag();
  } else if (target.matches("[data-next]")) {
    next();
  } else {
    fetch(target.href, { headers: { "X-Fragment": "1" }, cache: "no-store" }).then((answer) => answer.text())
      .then((html) => { panel(html, "no"); restart(); main.querySelector("[data-verdict]").focus(); });
  }
});

on("reason", (digit) => {
  if (!open()) return false;
  const box = main.querySelector(`[data-digit="${digit}"]`);
  if (!box) return false;
  if (chosen() !== "fail") fail();
  box.checked = !box.checked;
  return true;
});
on("submit", () => {
  if (!open()) return false;
  if (chosen()) send(chosen()); else say("Choose pass, fail or unsure: Esc leaves the field");
  return true;
});
on("next", () => {
  if (main.querySelector("[data-reveal]")) { next(); return true; }
  if (open() && chosen()) { send(chosen()); return true; }
  const start = main.querySelector("[data-start]");
  if (start) { start.click(); return true; }
  return false;
});

addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
addEventListener("pagehide", () => {
  if (ready) api(`items/${ready.id}/release`, {}, "POST", true);
  if (open()) api(`items/${article().dataset.item}/release`, {}, "POST", true);
});
addEventListener("popstate", () => { location.reload(); });
begin();
