// Charts are drawn when they come near the screen, and all of them for paper. Their colours are the page's own.
// This script stands behind the first section, which it draws while the browser still reads the others.
const root = document.documentElement;
const figuresSoFar = () => [...document.querySelectorAll("[data-chart]")];
const views = new Map(); // by figure, promises

function rowsOf(figure) {
  const columns = JSON.parse(figure.querySelector("script.rows").textContent);
  const names = Object.keys(columns);
  return (columns[names[0]] ?? []).map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
}

const isRoomy = (place) => place.clientWidth >= 480;

function draw(figure) {
  if (!views.has(figure)) views.set(figure, drawn(figure));
  return views.get(figure);
}
async function drawn(figure) {
  near.unobserve(figure);
  const spec = JSON.parse(figure.querySelector("script.spec").textContent);
  spec.datasets = { ...spec.datasets, data: rowsOf(figure) };
  spec.config.font = getComputedStyle(root).getPropertyValue("--sans").trim();
  const place = figure.querySelector(".drawing");
  const choices = [...figure.querySelectorAll("[data-choice]")];
  for (const param of spec.params ?? []) {
    if (param.name === "roomy") param.value = isRoomy(place);
    param.value = choices.find((one) => one.dataset.choice === param.name)?.value ?? param.value;
  }
  const options = { actions: false, defaultStyle: false, renderer: "svg", logLevel: 1, tooltip: chartTip };
  const { view } = await vegaEmbed(place.firstElementChild, spec, options);
  for (const one of choices) one.addEventListener("change", () => view.signal(one.dataset.choice, one.value).run());
  for (const part of place.querySelectorAll("[role], [aria-label], [aria-roledescription]"))
    ["role", "aria-label", "aria-roledescription"].forEach((name) => part.removeAttribute(name));
  return view;
}

const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "400px" },
);
const observe = () => figuresSoFar().forEach((figure) => views.has(figure) || near.observe(figure));
observe();
addEventListener("DOMContentLoaded", observe);

async function fit(figure) {
  const [place, view] = [figure.querySelector(".drawing"), await draw(figure)];
  if ("roomy" in view.getState().signals) view.signal("roomy", isRoomy(place));
  view.width(place.clientWidth).run();
}
// Drawing waits for nothing but itself, so that it is done before the browser takes the page.
addEventListener("beforeprint", () => {
  root.classList.add("printing");
  figuresSoFar().forEach(fit);
});
addEventListener("afterprint", () => {
  root.classList.remove("printing");
  figuresSoFar().forEach(fit);
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
