// The answer of a page, live: `rowNow` of form.js or drawing.js gives the row. Texts from the data become text nodes
// only, so that no name can be markup.

const model = makeModel(DESCRIPTION, WEIGHTS);
globalThis.model = model; // for the console

const MOST_BARS = 12;
const PAUSE = 700; // milliseconds without a change before the answer is read aloud

const { classes, colours, targets, outputShape, picture, form } = DESCRIPTION;
const get = (id) => document.getElementById(id);

// An element with properties, attributes (those with a hyphen, role and for) and children.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || ["role", "for", "list"].includes(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// A number with 6 digits, or all of those before the point; from 10,000 on with commas, so that years have none.
function number(value) {
  const whole = Math.abs(value) < 1e15 ? String(Math.trunc(Math.abs(value))).length : 0;
  return value.toLocaleString("en", { maximumSignificantDigits: Math.max(6, whole), useGrouping: "min2" });
}

function percent(share) {
  const rounded = (100 * share).toFixed(1);
  if (share > 0 && rounded === "0.0") return "<0.1%";
  return share < 1 && rounded === "100.0" ? ">99.9%" : `${rounded}%`;
}

let speaking;
function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => (get("spoken").textContent = text), PAUSE);
}

function showProblem(message) {
  get("answer").classList.add("unknown");
  get("problem").textContent = message;
  get("notes").replaceChildren();
  clearTimeout(speaking);
  showMore(null);
}

function showBars(shares, isKnown = true) {
  const most = shares.reduce((best, share, i) => (share > shares[best] ? i : best), 0);
  let shown = classes.map((_, i) => i);
  if (shown.length > MOST_BARS) shown = shown.sort((a, b) => shares[b] - shares[a]).slice(0, MOST_BARS);
  while (get("bars").children.length < shown.length) {
    const bar = element("span", { className: "bar", "aria-hidden": "true" }, element("i"));
    get("bars").append(element("li", {}, element("span"), bar, element("span", { className: "share" })));
  }
  shown.forEach((i, place) => {
    const line = get("bars").children[place];
    line.className = i === most && shares[i] > 0 ? "top" : "";
    line.dataset.share = isKnown ? shares[i] : "";
    const [name, bar, share] = line.children;
    name.textContent = classes[i];
    bar.firstChild.style.width = `${100 * shares[i]}%`;
    bar.firstChild.style.background = colours ? `var(--${colours[i]})` : "";
    share.textContent = isKnown ? percent(shares[i]) : "";
  });
}

function show(row) {
  const y = model.outputs(row);
  const { label, probabilities } = model.predict(row);
  const notes = model.notes(row);
  const headline = get("headline");
  get("answer").classList.remove("unknown");
  get("problem").textContent = "";
  get("notes").replaceChildren(...notes.map((note) => element("li", { textContent: note })));
  get("answer").dataset.y = JSON.stringify(y);
  let text;
  if (outputShape.length > 1) {
    text = classes ? JSON.stringify(label) : JSON.stringify(y);
    headline.textContent = text;
  } else if (classes) {
    text = label;
    headline.textContent = label;
    if (probabilities) {
      const shares = sharesOf(y);
      showBars(shares);
      text += `, ${percent(Math.max(...shares))}`;
    }
  } else {
    const { before, after } = DESCRIPTION;
    const values = y.map((value) => [before, number(value), after].filter(Boolean).join(" "));
    headline.replaceChildren(
      ...values.map((value, i) => {
        return element("span", {}, element("small", { textContent: `${targets[i]} ` }), value);
      }),
    );
    text = targets.map((name, i) => `${name} ${values[i]}`).join(", ");
  }
  say(text);
  showMore(row);
}

let waiting = false;
let rowNow = null;
let showMore = () => {}; // is called with the row of an answer, and with null where there is none

// Predicts the row that `rowNow` gives before the next frame is drawn, however many changes there were.
function update() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    try {
      const row = rowNow();
      if (row === null) showNothing();
      else show(row);
    } catch (error) {
      showProblem(error.message);
    }
  });
}

function showNothing() {
  get("answer").classList.add("unknown");
  get("headline").textContent = "?";
  get("problem").textContent = "";
  get("notes").replaceChildren();
  delete get("answer").dataset.y;
  if (classes && DESCRIPTION.hasProbabilities && outputShape.length === 1) showBars(classes.map(() => 0), false);
}

get("test").addEventListener("click", () => {
  const { rows, difference, passed } = model.selfTest();
  const told = `${rows} ${rows === 1 ? "row" : "rows"}, greatest difference ${difference.toExponential(1)}`;
  get("tested").textContent = `${passed ? "passed" : "FAILED"}: ${told}`;
  get("tested").dataset.difference = difference;
});
