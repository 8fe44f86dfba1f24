// Markdown or plain text, and links that open on a second press only. For any page that shows a conversation.
import { on, say } from "./app.js";

let plain = false;

function look() {
  for (const part of document.querySelectorAll("[data-conversation] [data-look]")) {
    part.hidden = (part.dataset.look === "plain") !== plain;
  }
  for (const button of document.querySelectorAll("[data-markdown]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(plain));
  }
}

/** Prepares the conversations of the page: after the page came, and after a part of it was replaced. */
export function prepare() {
  look();
  for (const link of document.querySelectorAll(".inert-link:not([role])")) {
    link.setAttribute("role", "button");
    link.tabIndex = 0;
  }
}

function offer(link) {
  if (link.nextElementSibling?.classList.contains("open-link")) return;
  let address;
  try { address = new URL(link.textContent); } catch { return; }
  if (!/^https?:$/.test(address.protocol)) { say("Only http and https addresses open"); return; }
  const open = document.createElement("a");
  open.className = "open-link";
  open.href = address.href;
  open.target = "_blank";
  open.rel = "noopener noreferrer nofollow";
  open.textContent = `open ${address.host}`;
  link.after(open);
  open.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(".inert-link");
  if (link) offer(link);
  if (event.target.closest("[data-markdown]")) { plain = !plain; look(); say(plain ? "Plain text" : "Markdown"); }
});
document.addEventListener("keydown", (event) => {
  const link = event.key === "Enter" && event.target.closest?.(".inert-link");
  if (link) { event.preventDefault(); event.stopPropagation(); offer(link); }
}, true);
document.addEventListener("fragment", prepare);
on("prepare-conversation", prepare);
prepare();
