// Buttons that save the chart above them as PNG, SVG and CSV. The chart is in the page as SVG already, so the
// server draws nothing.
const SHARP = 2;

function chartAbove(host) {
  const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"] svg.marks')];
  const before = (chart) => chart.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING;
  return charts.filter(before).at(-1);
}

function drawing(chart) {
  const copy = chart.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return copy;
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function saveSvg(chart, file) {
  const text = new XMLSerializer().serializeToString(drawing(chart));
  save(new Blob([text], { type: "image/svg+xml" }), `${file}.svg`);
}

// A picture made of an SVG has no access to the fonts of the page, so they travel inside it.
async function fontsOf(chart) {
  const families = new Set([...chart.querySelectorAll("text")].map((text) => text.getAttribute("font-family") || ""));
  const used = (rule) => [...families].some((names) => names.includes(rule.style.fontFamily.replaceAll('"', "")));
  const rules = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSFontFaceRule && used(rule));
  return Promise.all(rules.map(embedded));
}

async function embedded(rule) {
  const [, address] = rule.style.src.match(/url\("?([^")]+)"?\)/) || [];
  if (!address) return "";
  const base = rule.parentStyleSheet.href || document.baseURI;
  const font = await (await fetch(new URL(address, base))).blob();
  const reader = new FileReader();
  await new Promise((done) => {
    reader.onload = done;
    reader.readAsDataURL(font);
  });
  return `@font-face{font-family:${rule.style.fontFamily};font-weight:${rule.style.fontWeight || 400};`
    + `font-style:${rule.style.fontStyle || "normal"};src:url(${reader.result})}`;
}

async function savePng(chart, file) {
  const copy = drawing(chart);
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = (await fontsOf(chart)).join("");
  copy.prepend(style);
  const text = new XMLSerializer().serializeToString(copy);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SHARP * picture.width;
  canvas.height = SHARP * picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(blob, `${file}.png`));
}

export default function ({ data, parentElement }) {
  const { file, subject, csv } = data;
  const host = parentElement.host ?? parentElement;
  const ways = {
    PNG: () => savePng(chartAbove(host), file),
    SVG: () => saveSvg(chartAbove(host), file),
    CSV: () => save(new Blob([csv], { type: "text/csv" }), `${file}.csv`),
  };
  const row = document.createElement("menu");
  for (const [name, act] of Object.entries(ways)) {
    const button = document.createElement("button");
    button.textContent = name;
    button.setAttribute("aria-label", `Save as ${name}: ${subject}`);
    button.onclick = act;
    row.append(button);
  }
  parentElement.querySelector("menu")?.remove();
  parentElement.append(row);
}
