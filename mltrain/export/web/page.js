// The page: a form or a picture on the left, what the model says of it on the right. Texts from the data become text
// nodes only, so that no name can be markup.

const { predict, selfTest } = makeModel(DESCRIPTION, WEIGHTS);
globalThis.model = { predict, selfTest, description: DESCRIPTION }; // for the console

const MOST_BARS = 12;
const PAUSE = 700; // milliseconds without a change before the answer is read aloud

const { classes, targets, outputShape, picture, form, selfTest: tests } = DESCRIPTION;
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

const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });

function percent(share) {
  const rounded = (100 * share).toFixed(1);
  if (share > 0 && rounded === "0.0") return "<0.1%";
  return share < 1 && rounded === "100.0" ? ">99.9%" : `${rounded}%`;
}

/* The answer */

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
}

function showBars(shares) {
  const most = shares.reduce((best, share, i) => (share > shares[best] ? i : best), 0);
  let shown = classes.map((_, i) => i);
  if (shown.length > MOST_BARS) shown = shown.sort((a, b) => shares[b] - shares[a]).slice(0, MOST_BARS);
  while (get("bars").children.length < shown.length) {
    const bar = element("span", { className: "bar", "aria-hidden": "true" }, element("i"));
    get("bars").append(element("li", {}, element("span"), bar, element("span", { className: "share" })));
  }
  shown.forEach((i, place) => {
    const line = get("bars").children[place];
    line.className = i === most ? "top" : "";
    line.dataset.share = shares[i];
    const [name, bar, share] = line.children;
    name.textContent = classes[i];
    bar.firstChild.style.width = `${100 * shares[i]}%`;
    share.textContent = percent(shares[i]);
  });
}

function show({ y, label, probabilities, notes }) {
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
      const shares = y.length > 1 ? y : [Math.fround(1 - y[0]), y[0]];
      showBars(shares);
      text += `, ${percent(Math.max(...shares))}`;
    }
  } else {
    const { before, after } = DESCRIPTION;
    const values = y.map((value) => [before, number(value), after].filter(Boolean).join(" "));
    headline.replaceChildren(
      ...values.map((value, i) => {
        return element("span", {}, element("small", { textContent: `${targets[i]} ` }), value, element("br"));
      }),
    );
    text = targets.map((name, i) => `${name} ${values[i]}`).join(", ");
  }
  say(text);
}

let waiting = false;
let rowNow = null;

// Predicts the row that `rowNow` gives before the next frame is drawn, however many changes there were.
function update() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    try {
      const row = rowNow();
      if (row === null) showNothing();
      else show(predict(row));
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
  if (classes && DESCRIPTION.hasProbabilities && outputShape.length === 1) showBars(classes.map(() => 0));
}

/* A form: one field a column */

let ids = 0;

// Each kind of field gives its element, and functions to read and to write its value. Null is a gap.
const FIELDS = {
  number(field) {
    const id = `field-${ids++}`;
    const outside = element("p", { className: "outside", id: `${id}-outside` });
    const slider = element("input", {
      type: "range", min: field.lowest, max: field.highest, step: field.step, "aria-label": `${field.name}, slider`,
    });
    const box = element("input", { type: "number", id, step: "any", "aria-describedby": outside.id });
    const note = () => {
      const value = Number(box.value);
      const isOutside = box.value !== "" && (value < field.lowest || value > field.highest);
      outside.textContent = isOutside
        ? `outside of ${number(field.lowest)} to ${number(field.highest)}, which the model learned from`
        : "";
    };
    slider.addEventListener("input", () => ((box.value = slider.value), note()));
    box.addEventListener("input", () => (box.value !== "" && (slider.value = box.value), note()));
    const units = [field.before, box, field.after].filter(Boolean);
    const ends = [field.lowest, field.highest].map((end) => element("span", { textContent: number(end) }));
    return {
      element: element("div", { className: "field" },
        element("label", { for: id, textContent: field.name }),
        element("div", { className: "line" }, slider, ...units),
        element("div", { className: "ends", "aria-hidden": "true" }, ...ends), outside),
      read: () => (box.value === "" ? null : Number(box.value)),
      write(value) {
        box.value = value ?? "";
        slider.value = value ?? (field.lowest + field.highest) / 2;
        note();
      },
      control: box,
    };
  },

  choice(field) {
    const id = `field-${ids++}`;
    const options = field.choices.map((name) => element("option", { value: name, textContent: name }));
    const gap = element("option", { value: "", textContent: "(missing)" });
    const list = element("select", { id }, ...options, ...(field.gap ? [gap] : []));
    return {
      element: element("div", { className: "field" }, element("label", { for: id, textContent: field.name }), list),
      read: () => (field.gap && list.selectedOptions[0] === gap ? null : list.value),
      write(value) {
        const place = field.choices.indexOf(String(value));
        list.selectedIndex = place < 0 ? (field.gap ? field.choices.length : 0) : place;
      },
      control: list,
    };
  },

  boolean(field) {
    const id = `field-${ids++}`;
    const box = element("input", { type: "checkbox", id });
    const word = element("span", { className: "faint", "aria-hidden": "true" });
    const tell = () => (word.textContent = box.checked ? field.yes : field.no);
    box.addEventListener("input", tell);
    return {
      element: element("div", { className: "field line" },
        box, element("label", { for: id, textContent: field.name }), word),
      read: () => (box.checked ? field.yes : field.no),
      write(value) {
        box.checked = value !== null && field.means_yes.includes(String(value).trim().toLowerCase());
        tell();
      },
      control: box,
    };
  },

  date(field) {
    const id = `field-${ids++}`;
    const box = element("input", { type: field.type, id, className: "wide" });
    const seen = element("p", { className: "ends", textContent: field.seen });
    return {
      element: element("div", { className: "field" }, element("label", { for: id, textContent: field.name }), box, seen),
      read: () => box.value || null,
      write(value) {
        box.value = (value ?? "").replace(" ", "T");
      },
      control: box,
    };
  },

  text(field) {
    const id = `field-${ids++}`;
    const area = element("textarea", { id, rows: field.rows ?? 4, spellcheck: false });
    return {
      element: element("div", { className: "field" }, element("label", { for: id, textContent: field.name }), area),
      read: () => (area.value.trim() === "" ? null : area.value),
      write: (value) => (area.value = value ?? ""),
      control: area,
    };
  },

  // Many numbers, as one text.
  numbers(field) {
    const { element: made, write, control } = FIELDS.text(field);
    return {
      element: made,
      read: () => control.value.split(/[\s,;]+/).filter(Boolean).map(Number),
      write: (values) => write(values.join(", ")),
      control,
    };
  },
};

function makeForm() {
  document.body.classList.add("form");
  const fields = form.map((field) => ({ name: field.name, ...FIELDS[field.kind](field) }));
  const isWhole = form[0].kind === "numbers";
  for (const { element: made } of fields) {
    get("inputs").append(made);
    made.addEventListener("input", update);
  }
  rowNow = () => {
    const values = fields.map(({ read }) => read());
    if (DESCRIPTION.columns) return Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
    const missing = values.indexOf(null);
    if (missing >= 0) throw new Error(`'${fields[missing].name}' needs a number`);
    return isWhole ? values[0] : values;
  };
  const write = (row) => {
    fields.forEach(({ name, write: set }, i) => set(isWhole ? row.flat(Infinity) : DESCRIPTION.columns ? row[name] : row[i]));
    update();
  };
  const buttons = tests.rows.map((row, i) => {
    const press = element("button", { type: "button", textContent: i + 1, "aria-label": `fill in example ${i + 1}` });
    press.addEventListener("click", () => write(row));
    return press;
  });
  get("inputs").append(element("div", { className: "examples", role: "group", "aria-label": "Examples" }, "Examples: ", ...buttons));
  if (tests.rows.length) write(tests.rows[0]);
}

/* A picture: drawn, dropped, chosen or pasted */

function makePicture() {
  document.body.classList.add("picture");
  const { kind, height, width, colour } = picture;
  const isDigit = kind === "digit";
  const [seen, words] = [element("canvas", { width, height, role: "img", "aria-label": "the pixels that the model reads" }), "what the model sees"];
  const file = element("input", { type: "file", accept: "image/*", id: "file" });
  const choose = [file, element("label", { className: "button", for: "file", textContent: "Choose an image" })];
  let row = null;
  rowNow = () => row;

  // Draws the pixels as the model gets them.
  function paint(canvas, pixels) {
    const image = canvas.getContext("2d").createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = pixels[colour ? 3 * i + channel : i];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  function read(image) {
    row = image && pixelsOf(image, picture);
    paint(seen, row ?? new Uint8Array(width * height * (colour ? 3 : 1)));
    update();
  }

  const surface = isDigit ? makePad(read) : makeFrame();

  async function open(blob) {
    try {
      const bitmap = await createImageBitmap(blob);
      const scale = Math.min(1, (isDigit ? 1024 : 4096) / Math.max(bitmap.width, bitmap.height));
      const [w, h] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * scale)));
      const context = element("canvas", { width: w, height: h }).getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, w, h);
      context.drawImage(bitmap, 0, 0, w, h);
      surface.show(bitmap, blob);
      read(context.getImageData(0, 0, w, h));
    } catch {
      showProblem("this file is no image that your browser can read");
    }
  }

  file.addEventListener("change", () => file.files.length && open(file.files[0]).then(() => (file.value = "")));
  document.addEventListener("paste", (event) => {
    const item = [...event.clipboardData.items].find(({ type }) => type.startsWith("image/"));
    if (item) open(item.getAsFile());
  });
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      document.body.classList.toggle("dropping", name === "dragenter" || name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
    });
  }

  const examples = tests.rows.map((pixels, i) => {
    const small = element("canvas", { width, height });
    const flat = pixels.flat(Infinity);
    paint(small, flat);
    const press = element("button", { type: "button", "aria-label": `example ${i + 1}` }, small);
    press.addEventListener("click", () => {
      surface.clear();
      row = flat;
      paint(seen, flat);
      update();
    });
    return press;
  });
  surface.tools.append(...choose);
  get("inputs").append(
    surface.element, surface.tools,
    element("div", { className: "seen" }, seen, element("span", { textContent: words })),
    element("div", { className: "examples", role: "group", "aria-label": "Examples" }, "Examples: ", ...examples),
  );
  read(null);
}

// A field to draw on with a finger, a pen, a mouse, or the arrow keys.
function makePad(read) {
  const SIDE = 280;
  const pad = element("canvas", {
    width: SIDE, height: SIDE, id: "pad", tabIndex: 0, role: "application",
    "aria-label": "Drawing field. Arrow keys move the pen; space puts it down and lifts it; Delete clears.",
  });
  const hint = element("div", { className: "hint", textContent: "Draw here, or drop an image" });
  const pen = element("input", { type: "range", min: 8, max: 40, step: 1, value: 22, id: "pen" });
  const clearing = element("button", { type: "button", textContent: "Clear" });
  const context = pad.getContext("2d", { willReadFrequently: true });
  let last = null;

  function clear() {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    hint.hidden = false;
    last = null;
  }

  function line(from, to) {
    hint.hidden = true;
    Object.assign(context, { lineWidth: pen.value, lineCap: "round", lineJoin: "round", strokeStyle: "#14171c" });
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }

  const send = () => read(hint.hidden ? context.getImageData(0, 0, SIDE, SIDE) : null);
  const place = ({ clientX, clientY }) => {
    const box = pad.getBoundingClientRect();
    return [((clientX - box.left) * SIDE) / box.width, ((clientY - box.top) * SIDE) / box.height];
  };

  pad.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault();
    pad.focus({ preventScroll: true });
    try {
      pad.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that is gone already
    }
    last = place(event);
    line(last, last);
    send();
  });
  pad.addEventListener("pointermove", (event) => {
    if (last === null || !event.buttons) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const next = place(one);
      line(last, next);
      last = next;
    }
    send();
  });
  for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => (last = null));

  let cursor = [SIDE / 2, SIDE / 4];
  let isDown = false;
  pad.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if (event.key === " ") isDown = !isDown;
    else if (event.key === "Delete" || event.key === "Backspace") clear();
    else if (!move) return;
    event.preventDefault();
    const from = cursor;
    if (move) cursor = cursor.map((value, axis) => Math.min(SIDE - 10, Math.max(10, value + 8 * move[axis])));
    if (isDown && (move || event.key === " ")) line(from, cursor);
    send();
  });
  clearing.addEventListener("click", () => {
    clear();
    send();
  });
  clear();
  return {
    element: element("div", { className: "pad" }, pad, hint),
    tools: element("div", { className: "tools" }, clearing, element("label", {}, "Pen", pen)),
    clear,
    // Shows an image that was opened, as large as it fits.
    show(bitmap) {
      clear();
      hint.hidden = true;
      const scale = Math.min(SIDE / bitmap.width, SIDE / bitmap.height);
      const [w, h] = [bitmap.width * scale, bitmap.height * scale];
      context.drawImage(bitmap, (SIDE - w) / 2, (SIDE - h) / 2, w, h);
    },
  };
}

// A place to drop an image on.
function makeFrame() {
  const text = element("span", { textContent: "Drop an image here, paste one, or choose a file" });
  const image = element("img", { alt: "the image that was opened", hidden: true });
  return {
    element: element("div", { className: "drop" }, image, text),
    tools: element("div", { className: "tools" }),
    clear() {
      image.hidden = true;
      text.hidden = false;
    },
    show(_, blob) {
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(blob);
      image.hidden = false;
      text.hidden = true;
    },
  };
}

/* The test */

get("test").addEventListener("click", () => {
  const { rows, difference, passed } = selfTest();
  const told = `${rows} ${rows === 1 ? "row" : "rows"}, greatest difference ${difference.toExponential(1)}`;
  get("tested").textContent = `${passed ? "passed" : "FAILED"}: ${told}`;
  get("tested").dataset.difference = difference;
});

if (picture) makePicture();
else makeForm();
update();
