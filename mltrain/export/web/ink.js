// Which pixels of a photograph are the ink of a digit, and how dark it is: what mltrain/data/ink.py does, function by
// function, with the same names, numbers and reasons. A plane is {values, height, width}, row by row; in a mask, ink is 1.

const FAINTEST = 0.2;
const [EVEN, FEW, MOST_OF_EDGE, ONE_SHADE] = [0.06, 0.01, 0.65, 0.3];
const [FAINT_IN_PHOTOGRAPHS, BROAD, SMALL] = [0.3, 0.22, 128];
const [STEEPEST, SLOPES, LOOKED_AT, COVERED, LINED, THICKEST] = [0.18, 61, 200, 0.8, 64, 0.03];
const [COARSE, PART, NEAR, THIN, PEN] = [384, 0.02, 0.3, 0.05, 0.1];

const planeOf = (values, height, width) => ({ values, height, width });

// Loops, which are several times faster than the functions of arrays: a page reads its field with each move of the pen.
function mapped({ values, height, width }, f, out = new Float64Array(values.length)) {
  for (let i = 0; i < out.length; i++) out[i] = f(values[i], i);
  return planeOf(out, height, width);
}

function largest(values) {
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

function shareOf(values, f) {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (f(values[i])) count++;
  return count / values.length;
}

// A number of a list, sorted, that so large a share of them do not exceed; between two where it falls between them.
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

function transposed({ values, height, width }) {
  const out = new values.constructor(values.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = values[y * width + x];
  return planeOf(out, width, height);
}

// A plane with more rows and columns around it: each new place has the value that `f(row, column)` gives.
function surrounded({ height, width }, by, f) {
  const [tall, wide] = [height + 2 * by, width + 2 * by];
  const out = new Float64Array(tall * wide);
  for (let y = 0; y < tall; y++) for (let x = 0; x < wide; x++) out[y * wide + x] = f(y - by, x - by);
  return planeOf(out, tall, wide);
}

const withZeros = (plane, by) =>
  surrounded(plane, by, (y, x) => (y < 0 || x < 0 || y >= plane.height || x >= plane.width ? 0 : plane.values[y * plane.width + x]));

function inner({ values, width }, by, height, innerWidth) {
  const out = new Float64Array(height * innerWidth);
  out.forEach((_, i) => (out[i] = values[(by + Math.floor(i / innerWidth)) * width + by + (i % innerWidth)]));
  return planeOf(out, height, innerWidth);
}

// How much ink each pixel has that is part of the digit, or null where all of the image has one shade.
function findInk(grey) {
  const ink = withoutLight(grey);
  const faintest = FAINTEST * largest(ink.values);
  const where = mapped(ink, (value) => (value > faintest ? 1 : 0), new Uint8Array(ink.values.length));
  if (!where.values.includes(1)) return null;
  const kept = mainParts(ink, withoutLines(where));
  return mapped(ink, (value, i) => (kept[i] ? value : 0));
}

function thickEnough(digit) {
  const { values, height, width } = digit;
  const isPaper = (y, x) => (y < 0 || x < 0 || y >= height || x >= width || !(values[y * width + x] > 0) ? 1 : 0);
  const outside = inner(dilated(surrounded(digit, 1, isPaper), 3), 1, height, width).values;
  let [ink, border] = [0, 0];
  values.forEach((value, i) => {
    if (value > 0) [ink, border] = [ink + 1, border + (outside[i] > 0 ? 1 : 0)];
  });
  const [side, thickness] = [Math.max(height, width), (2 * ink) / border];
  if (thickness >= THIN * side) return digit;
  const reach = rounded((PEN * side - thickness) / 2);
  return dilated(withZeros(digit, reach), 2 * reach + 1);
}

function withoutLight(grey) {
  const paper = evenPaper(grey);
  if (paper !== null) return mapped(grey, (value) => Math.abs(value - paper));
  const small = shrunk(grey, Math.ceil(Math.max(grey.height, grey.width) / SMALL));
  const surface = paperOf(small);
  let ink = mapped(small, (value, i) => surface[i] - value);
  const sign = quantile(ink.values, 0.99) >= -quantile(ink.values, 0.01) ? 1 : -1;
  ink = mapped(ink, (value) => sign * value);
  const { height, width } = ink;
  const side = 1 + rounded(BROAD * Math.min(height, width));
  // Beyond an edge, the image turned around the edge's pixel.
  const mirrored = (at, y, x) => {
    const clamp = (place, length) => Math.min(Math.max(place, 0), length - 1);
    const back = (place, length) => (place < 0 ? -place : place >= length ? 2 * (length - 1) - place : place);
    const beside = at(y, clamp(back(x, width), width));
    return x < 0 || x >= width ? 2 * at(y, clamp(x, width)) - beside : beside;
  };
  const inRow = (y, x) => ink.values[y * width + x];
  const inColumn = (y, x) => {
    const [edge, back] = y < 0 ? [0, Math.min(-y, height - 1)] : [height - 1, Math.max(2 * (height - 1) - y, 0)];
    return y < 0 || y >= height ? 2 * inRow(edge, x) - inRow(back, x) : inRow(y, x);
  };
  const negative = (plane) => mapped(plane, (value) => -value);
  const padded = surrounded(ink, side, (y, x) => mirrored(inColumn, y, x));
  const broad = inner(dilated(negative(dilated(negative(padded), side)), side), side, height, width).values;
  const lit = mapped(small, (value, i) => value + sign * (ink.values[i] - broad[i]));
  const everywhere = enlarged(lit, grey.height, grey.width).values;
  const found = mapped(grey, (value, i) => {
    const much = Math.max(sign * (everywhere[i] - value), 0);
    return sign > 0 ? much / Math.max(everywhere[i], 1) : much;
  });
  const faintest = FAINT_IN_PHOTOGRAPHS * largest(found.values);
  return mapped(found, (value) => (value > faintest ? value : 0));
}

function evenPaper({ values, height, width }) {
  const edge = [];
  for (let x = 0; x < width; x++) edge.push(values[x], values[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) edge.push(values[y * width], values[(y + 1) * width - 1]);
  const counts = new Float64Array(256);
  for (const value of values) counts[value] += 1;
  for (const [paper, seen] of [[quantile(edge, 0.5), edge], [counts.indexOf(largest(counts)), values]]) {
    const darker = mapped({ values }, (value) => paper - value).values;
    const [darkest, lightest] = [largest(darker), largest(mapped({ values }, (value) => value - paper).values)];
    const most = Math.max(darkest, lightest);
    const other = darkest < lightest ? 1 : -1;
    const near = shareOf(seen, (value) => Math.abs(value - paper) <= EVEN * most);
    const between = shareOf(darker, (value) => Math.abs(value) > 2 * EVEN * most && Math.abs(value) < 0.7 * most);
    const few = shareOf(darker, (value) => other * value > 2 * EVEN * most) <= FEW;
    if (few && (seen === edge ? near >= MOST_OF_EDGE : near > ONE_SHADE && ONE_SHADE > between)) return paper;
  }
  return null;
}

function shrunk({ values, height, width }, times) {
  const [tall, wide] = [height, width].map((length) => Math.max(1, Math.floor(length / times)));
  const [sums, counts] = [new Float64Array(tall * wide), new Float64Array(tall * wide)];
  values.forEach((value, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const to = Math.min(Math.floor(y / times), tall - 1) * wide + Math.min(Math.floor(x / times), wide - 1);
    sums[to] += value;
    counts[to] += 1;
  });
  return planeOf(sums.map((sum, i) => sum / counts[i]), tall, wide);
}

function enlarged({ values, height, width }, tall, wide) {
  const placesOf = (from, length) =>
    Array.from({ length }, (_, i) => {
      const place = ((i + 0.5) * from) / length - 0.5;
      const low = Math.min(Math.max(Math.floor(place), 0), Math.max(0, from - 2));
      return [low, Math.min(low + 1, from - 1), Math.min(Math.max(place - low, 0), 1)];
    });
  const [rows, columns] = [placesOf(height, tall), placesOf(width, wide)];
  const out = new Float64Array(tall * wide);
  rows.forEach(([top, bottom, down], y) => {
    columns.forEach(([left, right, across], x) => {
      const at = (column) => values[top * width + column] * (1 - down) + values[bottom * width + column] * down;
      out[y * wide + x] = at(left) * (1 - across) + at(right) * across;
    });
  });
  return planeOf(out, tall, wide);
}

function paperOf({ values, height, width }) {
  const scaled = (place, length) => (length > 1 ? -1 + (2 * place) / (length - 1) : -1);
  const terms = Array.from(values, (_, i) => {
    const [y, x] = [scaled(Math.floor(i / width), height), scaled(i % width, width)];
    return [1, x, y, x * x, x * y, y * y];
  });
  let surface = values;
  let weights = new Float64Array(values.length).fill(1);
  for (let round = 0; round < 20; round++) {
    const equations = Array.from({ length: 6 }, () => new Float64Array(7));
    terms.forEach((row, i) => {
      for (let a = 0; a < 6; a++) {
        for (let b = 0; b < 6; b++) equations[a][b] += weights[i] * row[a] * row[b];
        equations[a][6] += weights[i] * row[a] * values[i];
      }
    });
    const solution = solved(equations);
    surface = Float64Array.from(terms, (row) => row.reduce((sum, term, a) => sum + term * solution[a], 0));
    weights = surface.map((value, i) => 1 / Math.max(Math.abs(values[i] - value), 1));
  }
  return surface;
}

// A solution of linear equations, each with its right side at its end, by Gauss and Jordan.
function solved(equations) {
  const count = equations.length;
  const tiny = 1e-12 * largest(equations.map((row, a) => Math.abs(row[a])));
  const rowOf = new Array(count).fill(null);
  const left = new Set(equations);
  for (let column = 0; column < count; column++) {
    const [row] = [...left].sort((a, b) => Math.abs(b[column]) - Math.abs(a[column]));
    if (!(Math.abs(row?.[column]) > tiny)) continue; // what others say already
    left.delete(row);
    rowOf[column] = row;
    for (const other of equations) {
      if (other === row) continue;
      const factor = other[column] / row[column];
      for (let place = column; place <= count; place++) other[place] -= factor * row[place];
    }
  }
  return rowOf.map((row, column) => (row ? row[count] / row[column] : 0));
}

function dilated(plane, length) {
  const reach = Math.floor(length / 2);
  for (let turn = 0; turn < 2; turn++) {
    const { values, height, width } = plane;
    let [rows, done] = [height + 2 * reach, 1];
    const total = 2 * reach + 1;
    const most = new values.constructor(rows * width);
    for (let y = 0; y < rows; y++) {
      const from = Math.min(Math.max(y - reach, 0), height - 1) * width;
      most.set(values.subarray(from, from + width), y * width);
    }
    while (done < total) {
      const move = Math.min(done, total - done);
      rows -= move;
      for (let i = 0; i < rows * width; i++) most[i] = Math.max(most[i], most[i + move * width]);
      done += move;
    }
    plane = transposed(planeOf(most.subarray(0, height * width), height, width));
  }
  return plane;
}

function withoutLines(ink) {
  let found = ink;
  for (const isTurned of [false, true]) {
    let mask = isTurned ? transposed(found) : found;
    for (const line of linesOf(mask)) mask = erased(mask, line);
    found = isTurned ? transposed(mask) : mask;
  }
  const [left, all] = [found, ink].map(({ values }) => shareOf(values, (value) => value));
  return left > 0.1 * all || left > 0.002 ? found : ink;
}

function linesOf(ink) {
  const { values, height, width } = ink;
  if (Math.min(height, width) < LINED) return [];
  const near = dilated(ink, 3).values;
  const places = Array.from({ length: LOOKED_AT }, (_, i) => Math.trunc((i * (width - 1)) / (LOOKED_AT - 1)));
  const some = Int32Array.from(new Set(places));
  const mostMissed = (1 - COVERED + 2e-3) * some.length; // with more, it is no line whatever follows
  const isEmpty = (column) => {
    for (let at = column; at < near.length; at += width) if (near[at]) return false;
    return true;
  };
  if (some.filter(isEmpty).length > mostMissed) return [];
  const lengths = runLengths(ink);
  const [best, slopeOf] = [new Float64Array(height), new Float64Array(height)];
  const shift = (slope, column) => rounded(slope * (column - width / 2));
  for (let number = 0; number < SLOPES; number++) {
    const slope = -STEEPEST + number * ((2 * STEEPEST) / (SLOPES - 1));
    const shifts = some.map((column) => shift(slope, column));
    for (let row = 0; row < height; row++) {
      let [touched, exact] = [0, 0];
      for (let i = 0; i < some.length && i - touched <= mostMissed; i++) {
        const y = row + shifts[i];
        if (y < 0 || y >= height) continue;
        touched += near[y * width + some[i]];
        exact += values[y * width + some[i]];
      }
      const covered = touched / some.length + (1e-3 * exact) / some.length;
      if (covered > best[row]) [best[row], slopeOf[row]] = [covered, slope];
    }
  }
  const most = Math.max(2, rounded(THICKEST * Math.min(height, width)));
  const taken = new Uint8Array(height);
  const found = [];
  for (const row of Array.from(best.keys()).sort((a, b) => best[b] - best[a])) {
    if (best[row] < COVERED) break;
    if (taken.subarray(Math.max(0, row - most), row + most + 1).includes(1)) continue;
    taken[row] = 1;
    const rows = Array.from({ length: width }, (_, column) => row + shift(slopeOf[row], column));
    const met = rows.map((y, x) => (y >= 0 && y < height ? lengths[y * width + x] : 0)).filter((one) => one > 0);
    const thickness = met.length ? quantile(met, 0.5) : Infinity;
    if (thickness <= most) found.push({ rows, thickness: Math.trunc(thickness) });
  }
  return found;
}

function erased(ink, { rows, thickness }) {
  const { values, height, width } = ink;
  const lengths = runLengths(ink);
  const isErased = (i) =>
    Math.abs(Math.floor(i / width) - rows[i % width]) <= thickness + 1 && lengths[i] <= 1.5 * thickness + 1;
  return planeOf(values.map((value, i) => (isErased(i) ? 0 : value)), height, width);
}

function runLengths({ values, height, width }) {
  const lengths = new Int32Array(values.length);
  for (let x = 0; x < width; x++) {
    for (let first = 0, y = 0; y <= height; y++) {
      if (y < height && values[y * width + x]) continue;
      for (let row = first; row < y; row++) lengths[row * width + x] = y - first;
      first = y + 1;
    }
  }
  return lengths;
}

// Which pixels belong to the digit, as a mask.
function mainParts(ink, where) {
  const { values, height, width } = where;
  const times = Math.ceil(Math.max(height, width) / COARSE);
  const coarse = shrunk(where, times);
  const labels = partsOf(coarse);
  const coarseOf = (i) => {
    const [y, x] = [Math.floor(Math.floor(i / width) / times), Math.floor((i % width) / times)];
    return Math.min(y, coarse.height - 1) * coarse.width + Math.min(x, coarse.width - 1);
  };
  const parts = new Map();
  values.forEach((value, i) => {
    if (!value) return;
    const label = labels[coarseOf(i)];
    if (!parts.has(label)) parts.set(label, { mass: 0, top: 1e9, bottom: -1, left: 1e9, right: -1 });
    const part = parts.get(label);
    const [y, x] = [Math.floor(i / width), i % width];
    part.mass += ink.values[i];
    [part.top, part.bottom] = [Math.min(part.top, y), Math.max(part.bottom, y)];
    [part.left, part.right] = [Math.min(part.left, x), Math.max(part.right, x)];
  });
  if (parts.size === 1) return values;
  const all = [...parts.values()];
  const isInside = ({ top, bottom, left, right }) => top > 0 && left > 0 && bottom < height - 1 && right < width - 1;
  const most = Math.max(0, ...all.filter(isInside).map(({ mass }) => mass));
  const free = all.filter((part) => isInside(part) && part.mass >= 0.1 * most);
  const main = (free.length ? free : all).reduce((best, part) => (part.mass > best.mass ? part : best));
  const near = NEAR * Math.max(main.bottom - main.top, main.right - main.left);
  const isKept = (part) =>
    part.bottom >= main.top - near && part.top <= main.bottom + near &&
    part.right >= main.left - near && part.left <= main.right + near &&
    part.mass >= PART * main.mass && (isInside(part) || !isInside(main));
  const kept = new Map([...parts].map(([label, part]) => [label, isKept(part)]));
  return values.map((value, i) => (value && kept.get(labels[coarseOf(i)]) ? 1 : 0));
}

// A number for each pixel that is not 0, the same for those that hang together, by a side or a corner.
function partsOf({ values, height, width }) {
  const labels = new Int32Array(values.length);
  let label = 0;
  for (let start = 0; start < values.length; start++) {
    if (!(values[start] > 0) || labels[start]) continue;
    labels[start] = ++label;
    for (const stack = [start]; stack.length; ) {
      const at = stack.pop();
      const [y, x] = [Math.floor(at / width), at % width];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const next = row * width + column;
          if (!(values[next] > 0) || labels[next]) continue;
          labels[next] = label;
          stack.push(next);
        }
      }
    }
  }
  return labels;
}
