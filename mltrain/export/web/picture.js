// From an image {data: RGBA bytes, width, height}, as a canvas has it, to the pixels that the model takes: what
// mltrain/data/image_files.py does to the image of `mltrain predict --input digit.png`.

const BOX = 20 / 28; // how much of an image's side MNIST's digits fill

// Python's round: halves to the even neighbour.
const rounded = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

// One plane of bytes a channel; what is transparent shows white paper.
function planesOf({ data, width, height }, colour) {
  const planes = Array.from({ length: colour ? 3 : 1 }, () => new Uint8Array(width * height));
  for (let i = 0; i < width * height; i++) {
    const share = data[4 * i + 3] / 255;
    const shade = (channel) => Math.round(data[4 * i + channel] * share + 255 * (1 - share));
    if (colour) planes.forEach((plane, channel) => (plane[i] = shade(channel)));
    else planes[0][i] = (shade(0) * 19595 + shade(1) * 38470 + shade(2) * 7471 + 0x8000) >> 16;
  }
  return planes;
}

function bicubic(x) {
  const distance = Math.abs(x);
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * -0.5 : 0;
}

// For each place of an axis of `length` places made from the stretch `begin` to `end` of one of `from`: the first number
// that counts, and the weights.
function weightsOf(from, length, [begin, end]) {
  const scale = (end - begin) / length;
  const stretch = Math.max(1, scale);
  return Array.from({ length }, (_, place) => {
    const centre = begin + (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const last = Math.min(from, Math.trunc(centre + 2 * stretch + 0.5));
    const weights = [];
    for (let at = first; at < last; at++) weights.push(bicubic((at - centre + 0.5) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => Math.round((weight / sum) * 2 ** 22)) };
  });
}

// A part of a plane in another size, by default of all of it, as Pillow's resize makes it: across and down, in the order
// that is less work. A part is the stretches of both axes that it has.
function resized(plane, width, height, newWidth, newHeight, part = [[0, width], [0, height]]) {
  // Of `lines` lines, the numbers of each of which are `step` apart, those of a new length.
  const pass = (from, length, newLength, lines, step, line, stretch) => {
    const out = new Uint8Array(lines * newLength);
    weightsOf(length, newLength, stretch).forEach(({ first, weights }, place) => {
      for (let number = 0; number < lines; number++) {
        let sum = 0;
        weights.forEach((weight, i) => (sum += from[number * line + (first + i) * step] * weight));
        const to = step === 1 ? number * newLength + place : place * lines + number;
        out[to] = Math.min(255, Math.max(0, Math.floor(sum / 2 ** 22 + 0.5)));
      }
    });
    return out;
  };
  const isAll = ([begin, end], length, newLength) => begin === 0 && end === length && newLength === length;
  const across = (from, lines) =>
    isAll(part[0], width, newWidth) ? from : pass(from, width, newWidth, lines, 1, width, part[0]);
  const down = (from, lines) =>
    isAll(part[1], height, newHeight) ? from : pass(from, height, newHeight, lines, lines, 1, part[1]);
  const isDownFirst = newHeight < height && height - newHeight > 2 * (width - newWidth);
  return isDownFirst ? across(down(plane, width), newHeight) : down(across(plane, height), newWidth);
}

const LARGE = 1024; // pixels of the longer side that is looked at

// A grey image that is not larger than is looked at.
function thumbnail(grey, width, height) {
  const [wide, tall] = contained({ width, height }, LARGE, LARGE).map((length) => Math.max(1, length));
  const isLarge = Math.max(width, height) > LARGE;
  return isLarge ? planeOf(resized(grey, width, height, wide, tall), tall, wide) : planeOf(grey, height, width);
}

// A digit as MNIST has them: ink 255 on paper 0, in a box of its own, centred by its mass. Null for an empty image.
function digitOf(image, height, width) {
  const ink = findInk(thumbnail(planesOf(image, false)[0], image.width, image.height));
  if (ink === null) return null;
  let [top, bottom, left, right] = [Infinity, -1, Infinity, -1];
  ink.values.forEach((value, i) => {
    if (value === 0) return;
    const [y, x] = [Math.floor(i / ink.width), i % ink.width];
    [top, bottom, left, right] = [Math.min(top, y), Math.max(bottom, y), Math.min(left, x), Math.max(right, x)];
  });
  const cutOut = new Float64Array((bottom - top + 1) * (right - left + 1)).map(
    (_, i) => ink.values[(top + Math.floor(i / (right - left + 1))) * ink.width + left + (i % (right - left + 1))],
  );
  const digit = thickEnough(planeOf(cutOut, bottom - top + 1, right - left + 1));
  const [tallest, widest, darkest] = [digit.height, digit.width, largest(digit.values)];
  const cut = Uint8Array.from(digit.values, (value) => value * (255 / darkest));
  const factor = Math.min((height * BOX) / tallest, (width * BOX) / widest);
  const [tall, wide] = [tallest, widest].map((length) => Math.max(1, rounded(length * factor)));
  const small = resized(cut, widest, tallest, wide, tall);
  const strongest = small.reduce((most, value) => Math.max(most, value), 1);
  const drawn = Float64Array.from(small, (value) => value * (255 / strongest));
  const [rows, columns] = [new Float64Array(tall), new Float64Array(wide)];
  drawn.forEach((value, i) => {
    rows[Math.floor(i / wide)] += value;
    columns[i % wide] += value;
  });
  const [y, x] = [startOf(rows, height), startOf(columns, width)];
  const pixels = new Uint8Array(height * width);
  drawn.forEach((value, i) => (pixels[(y + Math.floor(i / wide)) * width + x + (i % wide)] = value));
  return pixels;
}

// Where a row of masses begins if their centre is to be that of a side of `length`, and all are to be on it.
function startOf(mass, length) {
  const total = mass.reduce((sum, value) => sum + value, 0);
  const centre = mass.reduce((sum, value, i) => sum + (i + 0.5) * value, 0) / total;
  return Math.min(Math.max(rounded(length / 2 - centre), 0), length - mass.length);
}

// The part of an image that has the ratio of other sides: its ends are cut off.
function cropped({ width, height }, newWidth, newHeight) {
  const ratio = newWidth / newHeight;
  const [wide, tall] = width / height >= ratio ? [ratio * height, height] : [width, width / ratio];
  const [left, top] = [(width - wide) * 0.5, (height - tall) * 0.5];
  return [
    [left, left + wide],
    [top, top + tall],
  ];
}

// The largest size of the same ratio as an image's that other sides have room for.
function contained({ width, height }, newWidth, newHeight) {
  if (width / height > newWidth / newHeight) return [newWidth, rounded((height / width) * newWidth)];
  return width / height < newWidth / newHeight ? [rounded((width / height) * newHeight), newHeight] : [newWidth, newHeight];
}

// A plane in the middle of a larger one of zeros.
function padded(plane, width, height, newWidth, newHeight) {
  const [left, top] = [rounded((newWidth - width) * 0.5), rounded((newHeight - height) * 0.5)];
  const out = new Uint8Array(newWidth * newHeight);
  plane.forEach((value, i) => (out[(top + Math.floor(i / width)) * newWidth + left + (i % width)] = value));
  return out;
}

// An image of the model's size, in grey or with red, green and blue for each pixel.
function pictureOf(image, fit, height, width, colour) {
  const [wide, tall] = fit === "pad" ? contained(image, width, height) : [width, height];
  const part = fit === "crop" ? cropped(image, width, height) : undefined;
  const planes = planesOf(image, colour).map((plane) =>
    padded(resized(plane, image.width, image.height, wide, tall, part), wide, tall, width, height),
  );
  return Uint8Array.from({ length: planes.length * width * height }, (_, i) => {
    return planes[i % planes.length][Math.floor(i / planes.length)];
  });
}

// The pixels for a model whose description says how its images were prepared; null where there is nothing to be seen.
function pixelsOf(image, { kind, fit, height, width, colour }) {
  return kind === "digit" ? digitOf(image, height, width) : pictureOf(image, fit, height, width, colour);
}
