// Reads a chart out: a slider, or the pointer, says what the table below it says. The table is the only source.

function begin(figure) {
  if (figure.dataset.ready) return;
  figure.dataset.ready = "1";
  const slider = figure.querySelector('input[type="range"]');
  const output = figure.querySelector("output");
  const plot = figure.querySelector("svg[data-plot]");
  const cross = plot?.querySelector(".c-cross");
  const rows = [...figure.querySelectorAll("tbody tr")];
  const names = [...figure.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
  if (!slider || !plot || !rows.length) return;
  slider.hidden = false;

  function show() {
    const row = rows[Number(slider.value)];
    const [head, ...cells] = [...row.children];
    const values = cells.map((cell, i) => (names.length > 1 ? `${names[i]} ${cell.textContent}` : cell.textContent));
    const link = head.querySelector("a");
    const name = document.createElement(link ? "a" : "strong");
    if (link) name.href = link.href;
    name.textContent = head.textContent;
    output.replaceChildren(name, `: ${values.join("; ")}`);
    slider.setAttribute("aria-valuetext", `${head.textContent}: ${values.join("; ")}`);
    const x = `${(100 * (Number(slider.value) + 0.5)) / rows.length}%`;
    cross.setAttribute("x1", x);
    cross.setAttribute("x2", x);
    cross.setAttribute("visibility", "visible");
  }
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    slider.value = Math.floor((rows.length * (event.clientX - box.left)) / box.width);
    show();
  };
  const open = () => rows[Number(slider.value)].querySelector("a")?.click();
  slider.addEventListener("input", show);
  slider.addEventListener("keydown", (event) => {
    if (event.key === "Enter") open();
    if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      slider.value = Number(slider.value) + (event.key === "PageUp" ? 7 : -7);
      show();
    }
  });
  plot.addEventListener("pointermove", at);
  plot.addEventListener("click", (event) => { at(event); if (event.pointerType !== "touch") open(); });
  output.textContent = "Move over the chart, or use the slider.";
}

const all = (scope) => scope.querySelectorAll("[data-chart]").forEach(begin);
document.addEventListener("fragment", (event) => all(event.target));
all(document);
