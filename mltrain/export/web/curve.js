// The curve of a form: how the answer changes with one number while all others stay, and where it is now.

const CURVE = { width: 360, height: 150, left: 44, bottom: 20, points: 60 };
const SLOWEST = 0.7; // milliseconds that an answer may take for a curve to keep up with a slider

function drawing(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

// Draws on a new element behind the answer; the result shows the curve of a row, or nothing for null.
function makeCurve(places) {
  const isShares = DESCRIPTION.hasProbabilities;
  const isPossible = outputShape.length === 1 && (isShares ? colours : !classes && targets.length === 1);
  if (!isPossible || !places.length) return () => {};
  const svg = drawing("svg", { viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, role: "img" });
  const figure = element("figure", { id: "curve", hidden: true }, element("figcaption"), svg);
  get("answer").append(figure);
  let [chosen, isSlow] = [places[0], false];
  for (const place of places) {
    for (const event of ["focusin", "input"]) {
      place.element.addEventListener(event, () => {
        chosen = place;
        update();
      });
    }
  }

  // The lines, one a class or the target, each an array of numbers.
  function linesOf(row) {
    const { field, key } = chosen;
    const start = performance.now();
    const along = Array.isArray(row) ? [...row] : { ...row };
    const outputs = Array.from({ length: CURVE.points + 1 }, (_, i) => {
      along[key] = field.lowest + ((field.highest - field.lowest) * i) / CURVE.points;
      const y = model.outputs(along);
      return isShares ? sharesOf(y) : y;
    });
    isSlow = (performance.now() - start) / CURVE.points > SLOWEST;
    return outputs[0].map((_, line) => outputs.map((y) => y[line]));
  }

  function draw(row) {
    const { field, key } = chosen;
    const lines = linesOf(row);
    let [low, high] = [0, 1];
    if (!isShares) {
      [low, high] = [Math.min(...lines[0]), Math.max(...lines[0])];
      if (!(high - low > 1e-6 * Math.max(1, Math.abs(high)))) [low, high] = [low - 1, high + 1];
    }
    const { width, height, left, bottom, points } = CURVE;
    const x = (share) => left + share * (width - left - 8);
    const y = (value) => 8 + ((high - value) / (high - low)) * (height - bottom - 14);
    const grid = [low, high].map((end) => drawing("path", { class: "grid", d: `M${left},${y(end)}H${width - 8}` }));
    const ends = [low, high].map((end) => {
      const told = isShares ? percent(end).replace(".0", "") : end.toLocaleString("en", { maximumSignificantDigits: 4 });
      return drawing("text", { x: left - 6, y: y(end) + 4, "text-anchor": "end" }, told);
    });
    const sides = [field.lowest, field.highest].map((end, i) => {
      return drawing("text", { x: x(i), y: height - 4, "text-anchor": i ? "end" : "start" }, number(end));
    });
    const curves = lines.map((line, i) => {
      const d = line.map((value, at) => `${at ? "L" : "M"}${x(at / points).toFixed(1)},${y(value).toFixed(1)}`).join("");
      return drawing("path", { class: "trace", d, style: `stroke: var(--${isShares ? colours[i] : "blue"})` });
    });
    const now = (row[key] - field.lowest) / (field.highest - field.lowest);
    const here = now >= 0 && now <= 1 ? [drawing("path", { class: "now", d: `M${x(now)},4V${height - bottom}` })] : [];
    svg.replaceChildren(...grid, ...ends, ...sides, ...here, ...curves);
    svg.setAttribute("aria-label", `how the answer changes with ${field.name}`);
    figure.firstChild.textContent = form.length > 1 ? `as ${field.name} changes and all else stays` : "";
    figure.hidden = false;
  }

  return (row) => {
    figure.hidden = true;
    if (row !== null && row[chosen.key] !== null && !isSlow) draw(row);
  };
}
