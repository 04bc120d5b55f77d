// Rows in names and units, as `mltrain predict --json` gives them, from the inputs and outputs of the network.

const TOLERANCE = 1e-5;

// Numbers in a row as nested arrays of a shape.
function nested(flat, [length, ...rest]) {
  if (!rest.length) return [...flat];
  const size = product(rest);
  return Array.from({ length }, (_, i) => nested(flat.subarray(i * size, (i + 1) * size), rest));
}

// Applies f to the outputs of each position; a row without positions has one.
const eachPosition = (y, f) => (Array.isArray(y[0]) ? y.map((one) => eachPosition(one, f)) : f(y));

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

  function predict(row) {
    const { inputs, notes } = inputsOf(row);
    const y = nested(network(inputs), outputShape);
    const prediction = { y, notes };
    if (classes) {
      const number = (outputs) => {
        if (outputs.length === 1) return outputs[0] > threshold ? 1 : 0;
        return outputs.reduce((best, value, i) => (value > outputs[best] ? i : best), 0);
      };
      prediction.label = eachPosition(y, (outputs) => classes[number(outputs)]);
    }
    if (!classes && outputShape.length === 1) {
      prediction.values = Object.fromEntries(targets.map((name, i) => [name, y[i]]));
    }
    if (hasProbabilities) {
      prediction.probabilities = eachPosition(y, (outputs) => {
        const shares = outputs.length === 1 ? [Math.fround(1 - outputs[0]), outputs[0]] : outputs;
        return Object.fromEntries(classes.map((name, i) => [name, shares[i]]));
      });
    }
    return prediction;
  }

  function predictBatch(rows) {
    return Array.from(rows, (row, index) => {
      try {
        return predict(row);
      } catch (error) {
        throw new Error(`row ${index + 1}: ${error.message}`);
      }
    });
  }

  // Predicts the rows with known answers. Of large numbers, the difference is relative.
  function selfTest() {
    let difference = 0;
    const { rows, y } = description.selfTest;
    predictBatch(rows).forEach((prediction, index) => {
      prediction.y.flat(Infinity).forEach((value, i) => {
        const expected = y[index][i];
        const distance = Number.isFinite(value) ? Math.abs(value - expected) / Math.max(1, Math.abs(expected)) : Infinity;
        difference = Math.max(difference, distance);
      });
    });
    return { rows: rows.length, difference, tolerance: TOLERANCE, passed: rows.length > 0 && difference <= TOLERANCE };
  }

  return { predict, predictBatch, selfTest };
}
