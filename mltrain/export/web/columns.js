// From the cells of a row to the inputs of the network: what mltrain/data/encoding.py describes. Texts are read as
// mltrain reads them, whatever the language: spaces, letters and digits are those of Python.

const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const AROUND = new RegExp(`^${SPACE}+|${SPACE}+$`, "g");
const PLAIN = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

const strip = (text) => text.replace(AROUND, "");
const quoted = (text) => `'${text}'`;

// The number that a text is as programs write it, or null: nan, inf and 1_000 are none.
function plainNumber(text) {
  const stripped = strip(text);
  return PLAIN.test(stripped) ? Number(stripped) : null;
}

// A number as Python writes it: 1e-05 and not 0.00001.
function numberText(number) {
  if (Number.isInteger(number)) return Object.is(number, -0) ? "-0" : BigInt(number).toString();
  const size = Math.abs(number);
  return size >= 1e-4 ? String(number) : number.toExponential().replace(/e-(\d)$/, "e-0$1");
}

// Letters that differ only in case as one.
function folded(text) {
  return [...text].map((letter) => (letter === "ı" ? letter : letter.toUpperCase().toLowerCase())).join("");
}

// The one spelling of a value: 1 for 1.0, true for True, 2.5 for 2.50. A code such as 007 stays one.
function canonical(text) {
  const stripped = strip(text);
  if (/^[-+0-9]/.test(stripped) && PLAIN.test(stripped)) {
    return /^[-+]?(?:0|[1-9][0-9]*)\.[0-9]*$/.test(stripped) ? numberText(Number(stripped)) : stripped;
  }
  const small = folded(stripped);
  return small === "true" || small === "false" ? small : stripped;
}

// The digits of any script as a number.
function integer(text) {
  let number = 0;
  for (const digit of text ?? "") {
    const code = digit.codePointAt(0);
    let first = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
    number = number * 10 + ((code - first) % 10);
  }
  return number;
}

// The cell of a row as what it is: a number, or a text; "" for nothing.
function cellOf(value, column) {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString().slice(0, 19);
  throw new Error(`column '${column}': expected a number, a text, true, false or null, got ${typeof value}`);
}

const cellText = (cell) => (typeof cell === "number" ? numberText(cell) : cell);

function isGap(cell, { missing, missingNumbers }) {
  const number = typeof cell === "number" ? cell : plainNumber(cell);
  return cell === "" || (number !== null && missingNumbers.has(number)) || missing.has(strip(cellText(cell)));
}

// Reads numbers in the notation of a column: its decimal sign, its separator of thousands, its currency sign or unit.
function makeNumberReader({ decimal, thousands, before, after }, { number: form, negative: negativeForm }) {
  const pattern = new RegExp(`^(?:${form})$`, "u");
  const negativePattern = new RegExp(`^(?:${negativeForm})$`, "u");
  const alike = { "’": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-" };

  // A unit as it stands behind 1: year for years.
  const oneOf = (unit) => (unit.length > 3 && unit.endsWith("s") ? unit.slice(0, -1) : unit);

  function areGroups([first, ...others]) {
    if (!(first.length > 0 && first.length <= 3 && others.length && others[others.length - 1].length === 3)) return false;
    if (first.startsWith("0")) return false;
    const inside = others.slice(0, -1);
    return others.every((group) => group.length === 3) || inside.every((group) => group.length === 2);
  }

  return (text) => {
    const written = strip(text).replace(/[’\u00a0\u202f\u2009−]/g, (sign) => alike[sign]);
    const negative = negativePattern.exec(written)?.groups;
    const parts = pattern.exec(negative ? strip(negative.sum ?? negative.front + negative.inner) : written)?.groups;
    if (!parts || [parts.sign, parts.sign2, negative].filter(Boolean).length > 1) return null;
    const [front, behind] = [parts.before ?? "", strip(parts.after ?? "")];
    if ((front || behind) && (front !== before || oneOf(behind) !== oneOf(after))) return null;
    const at = parts.digits.indexOf(decimal);
    let whole = at < 0 ? parts.digits : parts.digits.slice(0, at);
    const fraction = at < 0 ? "" : parts.digits.slice(at + decimal.length);
    if (thousands && whole.includes(thousands)) {
      const groups = whole.split(thousands);
      if (!areGroups(groups)) return null;
      whole = groups.join("");
    }
    if (!/^[0-9]+$/.test(whole + fraction)) return null;
    return Number(`${negative ? "-" : parts.sign || parts.sign2}${whole || 0}.${fraction || 0}${parts.exponent ?? ""}`);
  };
}

const DAY = 86_400_000;

// Days since 1970-01-01 of a date, or null where there is no such day.
function dayNumber(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / DAY : null;
}

// The same of a day of an ISO week, of which the first has January 4.
function dayOfWeek(year, week, weekday) {
  const fourth = dayNumber(year, 1, 4);
  const monday = fourth - ((((fourth + 3) % 7) + 7) % 7) + 7 * (week - 1);
  const hasThursday = new Date((monday + 3) * DAY).getUTCFullYear() === year;
  return week > 0 && hasThursday ? monday + weekday - 1 : null;
}

// Reads dates and times: [days since 1970-01-01, second of the day], or null.
function makeMomentReader({ order, compact }, { time, dates, compactDate, months }) {
  const pattern = (form) => new RegExp(`^(?:${form})$`, "u");
  const clock = pattern(time);
  const forms = [...dates, ...(compact ? [compactDate] : [])].map(pattern);

  function secondOf(parts) {
    let [hour, minute, second] = [parts.hour, parts.minute, parts.second].map(integer);
    if (parts.half) {
      if (hour < 1 || hour > 12) return null;
      hour = (hour % 12) + (/^p/i.test(parts.half) ? 12 : 0);
    }
    const found = 3600 * hour + 60 * minute + second;
    return (hour < 24 && minute < 60 && second < 61) || found === 86400 ? found : null; // 24:00 is the next day's 0:00
  }

  function momentOf(parts) {
    let year = integer(parts.year);
    if ([...parts.year].length === 2) year += year < 69 ? 2000 : 1900;
    let [day, month] = [parts.day ? integer(parts.day) : 1, integer(parts.month)];
    if (parts.first) [day, month] = [integer(parts.first), integer(parts.other)];
    if (parts.first && order === "month_first") [day, month] = [month, day];
    if (parts.name) month = Object.hasOwn(months, folded(parts.name)) ? months[folded(parts.name)] : 0;
    if (parts.quarter) month = 3 * integer(parts.quarter) - 2;
    const second = parts.hour ? secondOf(parts) : 0;
    const number = parts.week ? dayOfWeek(year, integer(parts.week), integer(parts.weekday ?? "1")) : dayNumber(year, month, day);
    return second === null || number === null ? null : [number + (second === 86400), second % 86400];
  }

  return (text) => {
    const parts = clock.exec(strip(text))?.groups;
    if (parts) {
      const second = secondOf(parts);
      return second === null ? null : [0, second % 86400];
    }
    for (const form of forms) {
      const match = form.exec(strip(text));
      const moment = match && momentOf(match.groups);
      if (moment) return moment;
    }
    return null;
  };
}

// The words of a text in small letters and how often each occurs; numbers count by how many digits they have.
function wordsOf(text, { word }) {
  const counts = new Map();
  for (const [found] of text.toLowerCase().matchAll(new RegExp(word, "gu"))) {
    const key = IS_DIGITS.test(found) ? `#${Math.min([...found].length, 9)}` : found;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const IS_DIGITS =
  /^[\p{Nd}²³¹፩-፱᧚⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒\u{10A40}-\u{10A43}\u{10E60}-\u{10E68}\u{11052}-\u{1105A}\u{1F100}-\u{1F10A}]+$/u;

// One function an encoding: from a cell to the values of its inputs. `bad` makes an error of a message, and `note`
// takes what was new to the model.
const ENCODERS = {
  number(column, tables) {
    const read = makeNumberReader(column.notation, tables);
    return (cell, values, bad) => {
      const gap = isGap(cell, column);
      let number = gap ? column.fill : typeof cell === "number" ? cell : read(cell);
      if (number === null) throw bad(`expected a number${column.written}, got ${quoted(strip(cellText(cell)))}`);
      if (!(Math.abs(number) <= LARGEST)) throw bad(`${cell} does not fit into a 32-bit float`);
      values[0] = number - column.origin;
      if (column.gap_input) values[1] = gap ? 1 : 0;
    };
  },

  choice(column) {
    const codes = new Map(column.codes);
    const spelling = column.ignores_case ? (text) => folded(canonical(text)) : canonical;
    return (cell, values, bad, note) => {
      const text = cellText(cell);
      let code = isGap(cell, column) ? column.gap : (codes.get(spelling(text)) ?? codes.get(strip(text)) ?? null);
      if (code === null) {
        if (column.unknown === null) {
          const some = column.choices.slice(0, 8).join(", ") + (column.choices.length > 8 ? ", ..." : "");
          throw bad(`${quoted(strip(text))} is none of the names learned from: ${some}`);
        }
        note(`${quoted(strip(text))} in '${column.column}' is rare or new to the model`);
        code = column.unknown;
      }
      for (const [input, value] of column.vectors[code]) values[input] = value;
    };
  },

  date(column, tables) {
    const read = makeMomentReader(column, tables);
    return (cell, values, bad) => {
      const gap = isGap(cell, column);
      const moment = gap ? [column.fill, 0] : read(cellText(cell));
      const how = column.order.split("_")[0];
      if (moment === null) throw bad(`expected a date with the ${how} first, got ${quoted(strip(cellText(cell)))}`);
      const [day, second] = moment;
      const year = new Date(day * DAY).getUTCFullYear();
      const start = dayNumber(year, 1, 1);
      const turns = {
        month: (day - start) / (dayNumber(year, 12, 31) - start + 1),
        weekday: ((((day + 3) % 7) + 7) % 7) / 7,
        hour: second / 86400,
      };
      let at = 0;
      for (const part of column.parts) {
        if (part === "days") values[at++] = day - column.first + (column.parts.includes("hour") ? second / 86400 : 0);
        else if (part === "year") values[at++] = year;
        else {
          values[at++] = gap ? 0 : Math.sin(2 * Math.PI * turns[part]);
          values[at++] = gap ? 0 : Math.cos(2 * Math.PI * turns[part]);
        }
      }
      if (column.gap_input) values[at] = gap ? 1 : 0;
    };
  },

  text(column, tables) {
    const places = new Map(column.words.map((word, place) => [word, place]));
    return (cell, values) => {
      if (isGap(cell, column)) return;
      let squares = 0;
      const found = [];
      for (const [word, count] of wordsOf(cellText(cell), tables)) {
        const place = places.get(word);
        if (place === undefined) continue;
        const value = (1 + Math.log(count)) * column.weights[place];
        found.push([place, value]);
        squares += value * value;
      }
      for (const [place, value] of found) values[place] = (value * column.size) / Math.sqrt(squares);
    };
  },
};

// The function from a row, an object by column names or an array in their order, to inputs and notes.
function makeEncoder(columns, tables) {
  const parts = columns.map((column) => {
    const numbers = column.missing.map(plainNumber).filter((number) => number !== null);
    const known = { ...column, missing: new Set(column.missing), missingNumbers: new Set(numbers) };
    const needsValue = (column.encoding === "choice" ? column.gap : column.fill) === null;
    return { ...known, needsValue, encode: ENCODERS[column.encoding](known, tables) };
  });
  const size = columns.reduce((sum, column) => sum + column.inputs, 0);
  const names = [...new Set(columns.map((column) => column.column))]; // members of an ensemble share columns
  return (row) => {
    if (row === null || typeof row !== "object") {
      throw new Error(`a row is an object with the columns ${names.join(", ")}, got ${row === null ? row : typeof row}`);
    }
    if (Array.isArray(row) && row.length !== names.length) {
      throw new Error(`the row has ${row.length} values, but the model takes ${names.join(", ")}`);
    }
    const inputs = new Float32Array(size);
    const notes = [];
    let start = 0;
    parts.forEach((part) => {
      const name = part.column;
      const bad = (message) => new Error(`column '${name}': ${message}`);
      if (!Array.isArray(row) && !Object.hasOwn(row, name)) {
        throw new Error(`there is no column '${name}', which the model needs`);
      }
      const cell = cellOf(Array.isArray(row) ? row[names.indexOf(name)] : row[name], name);
      if (isGap(cell, part)) {
        if (part.needsValue) throw bad("the value is missing, and the model learned from whole rows");
        notes.push(`'${name}' is missing and was filled in`);
      }
      part.encode(cell, inputs.subarray(start, start + part.inputs), bad, (note) => notes.push(note));
      start += part.inputs;
    });
    return { inputs, notes };
  };
}
