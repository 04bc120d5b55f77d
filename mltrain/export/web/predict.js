// From a row, in names and units, to the answer: between them are the inputs and the outputs of the network.

const TOLERANCE = 1e-5;

// Numbers in a row as nested arrays of a shape.
function nested(flat, [length, ...rest]) {
  if (!rest.length) return [...flat];
  const size = product(rest);
  return Array.from({ length }, (_, i) => nested(flat.subarray(i * size, (i + 1) * size), rest));
}

// The probability of each class; a single output is that of the second of two.
const sharesOf = (y) => (y.length > 1 ? y : [Math.fround(1 - y[0]), y[0]]);

const isImage = (row) => row?.data?.length !== undefined && row.width > 0 && row.height > 0;

// The functions of a model from its description and its weights, Float32Array.
function makeModel(description, weights) {
  const { shape, outputShape, columns, targets, classes, hasProbabilities, threshold, picture } = description;
  const network = makeNetwork(description, weights);
  const encode = columns && makeEncoder(columns, description.tables);
  const size = product(shape);

  function inputsOf(row) {
    if (picture && isImage(row)) {
      const pixels = pixelsOf(row, picture);
      if (pixels === null) throw new Error("there is nothing to be seen on the image; all of it has one shade");
      return { inputs: Float32Array.from(pixels), notes: [] };
    }
    if (encode) return encode(row);
    const values = ArrayBuffer.isView(row) ? row : Array.isArray(row) ? row.flat(Infinity) : null;
    if (values === null || values.length !== size) {
      const has = values === null ? typeof row : `${values.length} numbers`;
      throw new Error(`a row is ${size} ${size === 1 ? "number" : "numbers"} (${shape.join(" x ")}), got ${has}`);
    }
    const wrong = Array.prototype.find.call(values, (value) => typeof value !== "number" || !Number.isFinite(value));
    if (wrong !== undefined) throw new Error(`a row holds finite numbers, got ${JSON.stringify(wrong) ?? wrong}`);
    return { inputs: Float32Array.from(values), notes: [] };
  }

  const outputs = (row) => nested(network(inputsOf(row).inputs), outputShape);

  // What the row has that was new to the model, in sentences: gaps that were filled in, names that count as others.
  const notes = (row) => [...new Set(inputsOf(row).notes)];

  // Label and probabilities, or numbers by target, in the form that all exported models share.
  function answer(y) {
    const isOne = !Array.isArray(y[0]);
    if (!classes) return isOne ? Object.fromEntries(targets.map((name, i) => [name, y[i]])) : { y };
    if (!isOne) {
      const answers = y.map(answer);
      return Object.fromEntries(Object.keys(answers[0]).map((name) => [name, answers.map((one) => one[name])]));
    }
    const largest = y.reduce((best, value, i) => (value > y[best] ? i : best), 0);
    const label = classes[y.length > 1 ? largest : y[0] > threshold ? 1 : 0];
    if (!hasProbabilities) return { label, y };
    const shares = sharesOf(y);
    return { label, probabilities: Object.fromEntries(classes.map((name, i) => [name, shares[i]])) };
  }

  const predict = (row) => answer(outputs(row));

  function predictBatch(rows) {
    return Array.from(rows, (row, index) => {
      try {
        return predict(row);
      } catch (error) {
        throw new Error(`row ${index + 1}: ${error.message}`);
      }
    });
  }

  // The rows with known answers. Pixels are kept as base64 of bytes.
  const decoded = (row) => (typeof row === "string" ? [...atob(row)].map((byte) => byte.charCodeAt(0)) : row);
  const examples = description.selfTest.rows.map(decoded);

  // Predicts the rows with known answers. Of large numbers, the difference is relative.
  function selfTest() {
    let difference = 0;
    const [rows, { y }] = [examples, description.selfTest];
    rows.forEach((row, index) => {
      [outputs(row)].flat(Infinity).forEach((value, i) => {
        const expected = y[index][i];
        const distance = Number.isFinite(value) ? Math.abs(value - expected) / Math.max(1, Math.abs(expected)) : Infinity;
        difference = Math.max(difference, distance);
      });
    });
    return { rows: rows.length, difference, tolerance: TOLERANCE, passed: rows.length > 0 && difference <= TOLERANCE };
  }

  return { predict, predictBatch, outputs, notes, selfTest, examples };
}
