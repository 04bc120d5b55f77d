// The weights and the scripts of the page are in the elements `weights` and `scripts`, packed by
// mltrain/export/web/packing.py.
const LAYOUT = @LAYOUT@;

// Bytes from text: 33 digits of base 111 are 28 bytes; a character of two bytes is two digits.
function bytesOf(text, length) {
  const bytes = new Uint8Array(Math.ceil(length / 28) * 28);
  let [start, count] = [0, 0];
  const take = (digit) => {
    let carry = digit;
    for (let place = start + 27; place >= start; place--) {
      carry += bytes[place] * 111;
      bytes[place] = carry & 255;
      carry >>= 8;
    }
    if (++count === 33) [start, count] = [start + 28, 0];
  };
  for (let i = 0; i < text.length && start < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xa1) take(code - (code < 60 ? 32 : 33));
    else {
      take(94 + Math.floor((code - 0xa1) / 111));
      if (start < length) take((code - 0xa1) % 111);
    }
  }
  return bytes.subarray(0, length);
}

// What an element holds: so many bytes, inflated.
function inflated(id, length) {
  const packed = new Blob([bytesOf(document.getElementById(id).textContent, length)]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("deflate-raw")));
}

// All weights, Float32Array: large kernels are whole numbers, of 8 high bits and some low ones, times the step of a row.
async function unpacked({ size, bytes, kernels }) {
  const content = new Uint8Array(await inflated("weights", bytes).arrayBuffer());
  const weights = new Float32Array(size);
  const floats = (from, count) => new Float32Array(content.slice(from, from + 4 * count).buffer);
  let at = 0;
  for (const { offset, rows, length: count, lowest, low } of kernels) {
    const steps = floats(at, rows);
    const [high, bits] = [content.subarray(at + 4 * rows), content.subarray(at + 4 * rows + count)];
    for (let i = 0, bit = 0; i < count; i++) {
      let number = high[i];
      for (let place = low - 1; place >= 0; place--) {
        const from = bit + place;
        number = 2 * number + ((bits[from >> 3] >> (from & 7)) & 1);
      }
      bit += low;
      weights[offset + i] = (number + lowest) * steps[Math.floor((i * rows) / count)];
    }
    at += 4 * rows + count + Math.ceil((count * low) / 8);
  }
  const plain = floats(at, (content.length - at) / 4);
  for (let i = 0, from = 0; i < size; i++) {
    const kernel = kernels.find(({ offset }) => offset === i);
    if (kernel) i += kernel.length - 1;
    else weights[i] = plain[from++];
  }
  return weights;
}

globalThis.WEIGHTS = await unpacked(LAYOUT);
const code = Object.assign(document.createElement("script"), { type: "module" });
code.textContent = await inflated("scripts", LAYOUT.scripts).text();
document.body.append(code);
