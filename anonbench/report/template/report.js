// Charts are drawn when they come near the screen, the others when there is time. Their colours are the page's own.
const root = document.documentElement;
const views = new Map();

function rowsOf(figure) {
  const columns = JSON.parse(figure.querySelector("script.rows").textContent);
  const names = Object.keys(columns);
  return (columns[names[0]] ?? []).map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
}

const isRoomy = (place) => place.clientWidth >= 480;

async function draw(figure) {
  if (views.has(figure)) return;
  views.set(figure, null);
  const spec = JSON.parse(figure.querySelector("script.spec").textContent);
  spec.datasets = { ...spec.datasets, data: rowsOf(figure) };
  spec.config.font = getComputedStyle(root).getPropertyValue("--sans").trim();
  const place = figure.querySelector(".drawing");
  for (const param of spec.params ?? []) if (param.name === "roomy") param.value = isRoomy(place);
  const options = { actions: false, defaultStyle: false, renderer: "svg", logLevel: 1, tooltip: chartTip };
  const { view } = await vegaEmbed(place.firstElementChild, spec, options);
  views.set(figure, view);
  for (const part of place.querySelectorAll("[role], [aria-label], [aria-roledescription]"))
    ["role", "aria-label", "aria-roledescription"].forEach((name) => part.removeAttribute(name));
}

const figures = [...document.querySelectorAll("[data-chart]")];
const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "400px" },
);
figures.forEach((figure) => near.observe(figure));
const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 200));
async function drawOthers() {
  const next = figures.find((figure) => !views.has(figure));
  if (!next) return root.setAttribute("data-drawn", "");
  await draw(next);
  idle(drawOthers);
}
addEventListener("load", () => idle(drawOthers));

function fit() {
  for (const [figure, view] of views) {
    if (!view) continue;
    const place = figure.querySelector(".drawing");
    if ("roomy" in view.getState().signals) view.signal("roomy", isRoomy(place));
    view.width(place.clientWidth).run();
  }
}
addEventListener("beforeprint", () => {
  root.classList.add("printing");
  fit();
});
addEventListener("afterprint", () => {
  root.classList.remove("printing");
  fit();
});

// One tip, for terms and for marks of charts.
const tip = document.getElementById("tip");
function showTip(content, x, y) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = tip;
  tip.style.left = `${Math.max(8, Math.min(x, innerWidth - w - 8))}px`;
  tip.style.top = `${y + h + 16 > innerHeight ? Math.max(8, y - h - 28) : y + 8}px`;
}
let again = null; // shows the tip of a term where the term is now
const hideTip = () => {
  tip.hidden = true;
  again = null;
};
function chartTip(_, event, item, value) {
  if (value == null) return hideTip();
  const lines = Object.entries(value).map(([name, text]) => {
    const line = document.createElement("div");
    line.textContent = `${name}: ${text}`;
    return line;
  });
  showTip(lines, event.clientX + 12, event.clientY);
}
for (const term of document.querySelectorAll("a.term, .sort[aria-describedby]")) {
  const show = () => {
    const meaning = document.getElementById(term.getAttribute("aria-describedby"));
    const { left, bottom } = term.getBoundingClientRect();
    if (meaning) showTip([document.createTextNode(meaning.textContent)], left, bottom);
    again = show;
  };
  term.addEventListener("mouseenter", show);
  term.addEventListener("focus", show);
  const hide = () => again === show && hideTip();
  term.addEventListener("mouseleave", hide);
  term.addEventListener("blur", hide);
}
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", () => (again ?? hideTip)(), { passive: true, capture: true });

// Tables sort by a click on a heading: numbers by value, what is unknown last.
const valueOf = (cell) => cell.dataset.value ?? cell.textContent.trim();
function compare(a, b) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
}
for (const button of document.querySelectorAll("button.sort")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th");
    const body = heading.closest("table").tBodies[0];
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const at = heading.cellIndex;
    const known = (row) => valueOf(row.cells[at]) !== "";
    const rows = [...body.rows].sort((p, q) => {
      const order = compare(valueOf(p.cells[at]), valueOf(q.cells[at]));
      return down && known(p) && known(q) ? -order : order;
    });
    body.append(...rows);
  });
}
for (const input of document.querySelectorAll("[data-filter]")) {
  const table = input.closest(".table");
  const count = table.querySelector("output");
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.querySelectorAll("tbody tr")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = `${shown} row${shown === 1 ? "" : "s"}`;
  });
}

// Before and after.
for (const scene of document.querySelectorAll("[data-scene]")) {
  const box = scene.querySelector(".compare");
  const slider = scene.querySelector("[data-slider]");
  slider.addEventListener("input", () => {
    box.style.setProperty("--at", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} % before, ${100 - slider.value} % after`);
  });
  const after = box.querySelector(".after");
  const buttons = scene.querySelectorAll("[data-variant]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      after.src = button.querySelector("img").src;
    });
  }
}

// What the page holds, as files.
const quoted = (value) => (/[",\n]/.test(value ?? "") ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
const csv = (lines) => lines.map((line) => line.map(quoted).join(",")).join("\n") + "\n";
function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
const saving = {
  async svg(button) {
    const figure = button.closest("[data-chart]");
    const style = getComputedStyle(root);
    const drawn = (await views.get(figure).toSVG()).replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
    save(`${figure.id}.svg`, drawn, "image/svg+xml");
  },
  csv(button) {
    const figure = button.closest("[data-chart]");
    const rows = rowsOf(figure);
    save(`${figure.id}.csv`, csv([Object.keys(rows[0] ?? {}), ...rows.map(Object.values)]), "text/csv");
  },
  table(button) {
    const table = button.closest(".table").querySelector("table");
    const lines = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(valueOf));
    save(`${table.dataset.name}.csv`, csv(lines), "text/csv");
  },
};
for (const button of document.querySelectorAll("[data-save]"))
  button.addEventListener("click", () => saving[button.dataset.save](button));
