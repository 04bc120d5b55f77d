// The picture of a page: drawn, dropped, chosen or pasted.

function makePicture() {
  document.body.classList.add("picture");
  const { kind, height, width, colour } = picture;
  const isDigit = kind === "digit";
  const [seen, words] = [element("canvas", { width, height, role: "img", "aria-label": "the pixels that the model reads" }), "what the model sees"];
  const file = element("input", { type: "file", accept: "image/*", id: "file" });
  const choose = [file, element("label", { className: "button", for: "file", textContent: "Choose an image" })];
  let imageNow = null; // gives the image to predict; null where there is none
  let pixels = null; // of an example, which is prepared already
  rowNow = () => {
    const row = pixels ?? (imageNow && pixelsOf(imageNow(), picture));
    if (imageNow && row === null) throw new Error("there is nothing to be seen on the image; all of it has one shade");
    paint(seen, row ?? new Uint8Array(width * height * (colour ? 3 : 1)));
    return row;
  };

  // Draws the pixels as the model gets them.
  function paint(canvas, row) {
    const image = canvas.getContext("2d").createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = row[colour ? 3 * i + channel : i];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  function read(image) {
    [imageNow, pixels] = [image, null];
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
      const image = context.getImageData(0, 0, w, h);
      read(() => image);
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

  const examples = model.examples.map((example, i) => {
    const small = element("canvas", { width, height });
    paint(small, example);
    const press = element("button", { type: "button", "aria-label": `example ${i + 1}` }, small);
    press.addEventListener("click", () => {
      surface.clear();
      pixels = example;
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

  const send = () => read(hint.hidden ? () => context.getImageData(0, 0, SIDE, SIDE) : null);
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

makePicture();
update();
