// Keys, theme, times in the viewer's zone. The key table is the one in the page's key sheet (web/keys.py).
import { visit } from "./fragments.js";

const root = document.documentElement;
const actions = new Map();
let prefix = "";
let table = [];

/** Lets a page's module do something on an action of the key table. The function may return false: not handled. */
export function on(action, handler) { actions.set(action, handler); }

/** Says something to everyone, also to screen readers. */
export function say(text, milliseconds = 4000) {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(say.timer);
  if (milliseconds) say.timer = setTimeout(() => { status.textContent = ""; }, milliseconds);
}

function readTable() {
  table = [];
  for (const row of document.querySelectorAll("#keys [data-keys]")) {
    if (!row.dataset.act) continue;
    for (const keys of row.dataset.keys.split(",")) table.push([keys.trim(), row.dataset.act]);
  }
}

const typing = (element) => element.isContentEditable ||
  /^(TEXTAREA|SELECT)$/.test(element.tagName) ||
  (element.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(element.type));

function run(action) {
  const colon = action.indexOf(":");
  if (colon < 0) return actions.has(action) && actions.get(action)() !== false;
  const [verb, rest] = [action.slice(0, colon), action.slice(colon + 1)];
  if (verb === "go") {
    const link = [...document.querySelectorAll(".nav a, .menu a")].find((a) => a.getAttribute("href") === rest) ||
      (rest === "/quality" && document.querySelector('.nav a[href="/slices"]'));
    if (link) location.assign(link.href);
    return Boolean(link);
  }
  const element = document.querySelector(`main ${rest}`) || document.querySelector(rest);
  if (!element || element.disabled) return false;
  // A summary opens its own fold when it is pressed.
  const within = element.tagName === "SUMMARY" ? element.parentElement.parentElement : element;
  within.closest("details:not([open])")?.setAttribute("open", "");
  if (verb === "focus") { element.focus(); element.select?.(); } else element.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.metaKey) return;
  const target = event.target;
  if (event.key === "Escape") {
    if (typing(target)) target.blur();
    else document.querySelectorAll(".menu[open], .ranges details[open]").forEach((open) => { open.open = false; });
    return;
  }
  if (event.ctrlKey) {
    if (event.key === "Enter" && table.some(([keys]) => keys === "Ctrl+Enter") && run("submit")) event.preventDefault();
    return;
  }
  if (typing(target) || root.dataset.singleKeys === "off" || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && target.closest("a, button, summary, input")) return;
  const pressed = prefix + event.key;
  const begins = table.some(([keys]) => keys.startsWith(`${pressed} `));
  prefix = begins ? `${pressed} ` : "";
  if (begins) { setTimeout(() => { prefix = ""; }, 1500); return; }
  // Later groups of the sheet are the page's own: they win.
  for (const [keys, action] of [...table].reverse()) {
    const digits = keys === "1…9" && /^[1-9]$/.test(pressed);
    if (keys !== pressed && !digits) continue;
    if (digits ? actions.get(action)?.(Number(pressed)) !== false && actions.has(action) : run(action)) {
      event.preventDefault();
      return;
    }
  }
});

on("theme", () => {
  const dark = getComputedStyle(root).colorScheme === "dark" ||
    (getComputedStyle(root).colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  say(`${dark ? "Light" : "Dark"} theme`);
});
on("help", () => { document.getElementById("keys").showModal(); });
on("copy-link", () => { navigator.clipboard?.writeText(location.href).then(() => say("Link copied")); });

// Lists: the row that has the focus is the place.
const links = () => [...document.querySelectorAll("main tr a.open, main li a.open")].filter((a) => a.offsetParent);
function move(step) {
  const all = links();
  if (!all.length) return false;
  const at = all.findIndex((a) => a.closest("tr, li").contains(document.activeElement));
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  next.focus();
  next.closest("tr, li").scrollIntoView({ block: "nearest" });
  return true;
}
on("list-next", () => move(1));
on("list-previous", () => move(-1));
on("list-open", () => { const at = links().find((a) => a === document.activeElement); at?.click(); return Boolean(at); });

document.addEventListener("click", (event) => {
  const control = event.target.closest("[data-action]");
  if (control && actions.has(control.dataset.action)) {
    event.preventDefault();
    control.closest("details")?.removeAttribute("open");
    run(control.dataset.action);
  }
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

/** Times in the viewer's zone; UTC stays in the title. */
function localTimes(scope) {
  const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(new Date())
    .find((part) => part.type === "timeZoneName")?.value || "local";
  for (const time of scope.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const text = time.textContent;
    if (Number.isNaN(at.getTime()) || !text.includes("UTC")) continue;
    time.textContent = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(at);
  }
  for (const form of scope.querySelectorAll("form[data-range]")) {
    form.querySelectorAll("[data-zone]").forEach((hint) => { hint.textContent = zone; });
    const inputs = form.querySelectorAll('input[type="datetime-local"]');
    const shift = (text, sign) => {
      const at = new Date(sign < 0 ? `${text}Z` : text);
      if (Number.isNaN(at.getTime())) return text;
      if (sign > 0) return at.toISOString().slice(0, 16);
      return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    };
    inputs.forEach((input) => { input.value = shift(input.value, -1); });
    form.addEventListener("formdata", (event) => {
      inputs.forEach((input) => { event.formData.set(input.name, shift(input.value, 1)); });
    });
  }
}

function arrived(scope) {
  readTable();
  localTimes(scope);
}

document.querySelectorAll("[data-action][hidden]").forEach((control) => { control.hidden = false; });
document.addEventListener("fragment", (event) => arrived(event.target));
arrived(document);
visit();
