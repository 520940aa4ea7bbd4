// Terms are defined where the pointer or the focus is.
const termAt = (event) => event.target.closest?.("a.term, .sort[aria-describedby]");
let defined = null; // the term whose tip is shown
function define(event) {
  const term = termAt(event);
  if (!term) return;
  defined = term;
  again = () => {
    const meaning = document.getElementById(term.getAttribute("aria-describedby"));
    const { left, bottom } = term.getBoundingClientRect();
    if (meaning) showTip([document.createTextNode(meaning.textContent)], left, bottom);
  };
  again();
}
function leave(event) {
  if (again && termAt(event) === defined) hideTip();
}
for (const name of ["mouseover", "focusin"]) addEventListener(name, define);
for (const name of ["mouseout", "focusout"]) addEventListener(name, leave);
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", () => (again ?? hideTip)(), { passive: true, capture: true });

// Tables sort by a click on a heading: numbers by value, what is unknown last.
const valueOf = (cell) => cell.dataset.value ?? cell.textContent.trim();
function compare(a, b) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
}
function sortBy(button) {
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
}
addEventListener("click", (event) => {
  const button = event.target.closest?.("button.sort");
  if (button) sortBy(button);
});

// The table of a chart's data is made when it is asked for.
for (const grid of document.querySelectorAll("script.grid")) {
  const fill = () => grid.replaceWith(document.createRange().createContextualFragment(grid.textContent));
  grid.closest("details").addEventListener("toggle", fill, { once: true });
}

// A filter keeps the rows with all of its words.
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
    const drawn = (await (await draw(figure)).toSVG()).replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
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
