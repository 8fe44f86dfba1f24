// Links and GET forms with data-fragment bring only the block `main`. Everything works without this.
// After it, the element #main sends the event "fragment".

let running = null;

async function load(address, push) {
  running?.abort();
  running = new AbortController();
  const main = document.getElementById("main");
  main.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await fetch(address, { headers: { "X-Fragment": "1" }, signal: running.signal, cache: "no-store" });
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
    return;
  }
  const type = answer.headers.get("content-type") || "";
  if (!answer.ok || answer.redirected || !type.startsWith("text/html")) { location.assign(address); return; }
  main.innerHTML = await answer.text();
  main.removeAttribute("aria-busy");
  if (push) history.pushState({ fragment: true }, "", address);
  const heading = main.querySelector("h1");
  if (heading) {
    document.title = `${heading.textContent.trim()} · otel-evals`;
    heading.setAttribute("tabindex", "-1");
    heading.focus({ preventScroll: !push });
  }
  if (push) scrollTo(0, 0);
  document.getElementById("status").textContent = "";
  main.dispatchEvent(new CustomEvent("fragment", { bubbles: true }));
}

/** Begins to listen. */
export function visit() {
  addEventListener("popstate", () => load(location.href, false));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-fragment]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.pathname !== location.pathname) return;
    event.preventDefault();
    load(link.href, true);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-fragment]");
    if (!form || form.method !== "get") return;
    event.preventDefault();
    const address = new URL(form.action || location.href);
    const kept = [...new FormData(form)].filter(([, value]) => value !== "");
    address.search = new URLSearchParams(kept).toString();
    load(address.href, true);
  });
}
