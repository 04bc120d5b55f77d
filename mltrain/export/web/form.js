// The form of a page: one field a column.

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
    const digits = Math.max(...[field.lowest, field.highest].map((end) => String(end).length));
    box.style.width = `max(8rem, ${digits}ch + 4rem)`;
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
  const places = fields.map(({ name, element: made }, i) => {
    return { field: form[i], element: made, key: DESCRIPTION.columns ? name : i };
  });
  showMore = makeCurve(places.filter(({ field }) => field.kind === "number"));
  const write = (row) => {
    fields.forEach(({ name, write: set }, i) => set(isWhole ? row.flat(Infinity) : DESCRIPTION.columns ? row[name] : row[i]));
    update();
  };
  const buttons = model.examples.map((row, i) => {
    const press = element("button", { type: "button", textContent: i + 1, "aria-label": `fill in example ${i + 1}` });
    press.addEventListener("click", () => write(row));
    return press;
  });
  get("inputs").append(element("div", { className: "examples", role: "group", "aria-label": "Examples" }, "Examples: ", ...buttons));
  if (model.examples.length) write(model.examples[0]);
}

makeForm();
update();
