// The operations of a trained network (mltrain/engine/operations.py), one kernel each.
//
// A kernel takes its step and returns a function that reads the inputs of one row and writes its output. Values are
// Float32Array, as in mltrain; sums are kept in 64 bits and rounded once.

const product = (shape) => shape.reduce((size, length) => size * length, 1);

// erfc(z) for z >= 0, to 7 digits: Numerical Recipes in C, 2nd edition, section 6.2.
function erfc(z) {
  const t = 1 / (1 + 0.5 * z);
  const factors = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    -1.26551223,
  ];
  return t * Math.exp(factors.reduce((sum, factor) => sum * t + factor, 0) - z * z);
}

const FUNCTIONS = {
  relu: () => (x) => Math.max(x, 0),
  leaky_relu: ({ slope }) => (x) => (x > 0 ? x : x * slope),
  elu: ({ alpha }) => (x) => (x > 0 ? x : alpha * Math.expm1(x)),
  gelu: () => (x) => (x * (x < 0 ? erfc(-x / Math.SQRT2) : 2 - erfc(x / Math.SQRT2))) / 2,
  sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  tanh: () => Math.tanh,
  softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  step: () => (x) => (x > 0 ? 1 : 0),
  cos: () => Math.cos,
};

// Calls visit(window, place in the window, place in the image) for all numbers of the image that windows cover.
function eachTap({ strides, pads, window, shapes: [[height, width]], shape: [down, across] }, begin, visit, end) {
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      begin();
      for (let i = 0; i < window[0]; i++) {
        const y = row * strides[0] - pads[0][0] + i;
        if (y < 0 || y >= height) continue;
        for (let j = 0; j < window[1]; j++) {
          const x = column * strides[1] - pads[1][0] + j;
          if (x >= 0 && x < width) visit(i * window[1] + j, y * width + x);
        }
      }
      end(row * across + column);
    }
  }
}

// An operation of two or more inputs of broadcast shapes.
function merging(operation) {
  return ({ shapes, shape }) => {
    const places = shapes.map((from) => {
      const lengths = [...Array(shape.length - from.length).fill(1), ...from];
      const strides = lengths.map((length, axis) => (length === 1 ? 0 : product(lengths.slice(axis + 1))));
      return Int32Array.from({ length: product(shape) }, (_, index) => {
        let place = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          place += (index % shape[axis]) * strides[axis];
          index = Math.floor(index / shape[axis]);
        }
        return place;
      });
    });
    return (out, ...inputs) => {
      for (let index = 0; index < out.length; index++) {
        out[index] = inputs[0][places[0][index]];
        for (let n = 1; n < inputs.length; n++) out[index] = operation(out[index], inputs[n][places[n][index]]);
      }
    };
  };
}

const KERNELS = {
  matmul({ kernel, bias }) {
    const units = bias.length;
    const count = kernel.length / units;
    const sums = new Float64Array(units);
    return (out, x) => {
      for (let row = 0; row * units < out.length; row++) {
        sums.fill(0);
        for (let i = 0; i < count; i++) {
          const value = x[row * count + i];
          if (value === 0) continue;
          for (let unit = 0, at = i * units; unit < units; unit++, at++) sums[unit] += value * kernel[at];
        }
        for (let unit = 0; unit < units; unit++) out[row * units + unit] = sums[unit] + bias[unit];
      }
    };
  },

  convolution(step) {
    const { kernel, bias, shapes } = step;
    const channels = shapes[0][2];
    const filters = bias.length;
    const sums = new Float64Array(filters);
    return (out, x) =>
      eachTap(
        step,
        () => sums.fill(0),
        (tap, place) => {
          for (let channel = 0; channel < channels; channel++) {
            const value = x[place * channels + channel];
            if (value === 0) continue;
            for (let filter = 0, at = (tap * channels + channel) * filters; filter < filters; filter++, at++) {
              sums[filter] += value * kernel[at];
            }
          }
        },
        (window) => {
          for (let filter = 0; filter < filters; filter++) out[window * filters + filter] = sums[filter] + bias[filter];
        },
      );
  },

  depthwise_convolution(step) {
    const { kernel, bias, shapes } = step;
    const channels = shapes[0][2];
    const outputs = bias.length;
    const multiplier = outputs / channels;
    const sums = new Float64Array(outputs);
    return (out, x) =>
      eachTap(
        step,
        () => sums.fill(0),
        (tap, place) => {
          for (let output = 0; output < outputs; output++) {
            sums[output] += x[place * channels + Math.floor(output / multiplier)] * kernel[tap * outputs + output];
          }
        },
        (window) => {
          for (let output = 0; output < outputs; output++) out[window * outputs + output] = sums[output] + bias[output];
        },
      );
  },

  pooling(step) {
    const channels = step.shapes[0][2];
    const isMean = step.reduce === "mean";
    const found = new Float64Array(channels);
    let count = 0;
    return (out, x) =>
      eachTap(
        step,
        () => {
          found.fill(isMean ? 0 : -Infinity);
          count = 0;
        },
        (tap, place) => {
          count += 1;
          for (let channel = 0; channel < channels; channel++) {
            const value = x[place * channels + channel];
            found[channel] = isMean ? found[channel] + value : Math.max(found[channel], value);
          }
        },
        (window) => {
          for (let channel = 0; channel < channels; channel++) {
            out[window * channels + channel] = isMean ? found[channel] / count : found[channel];
          }
        },
      );
  },

  padding({ pads, shapes: [[height, width, channels]], shape }) {
    return (out, x) => {
      out.fill(0);
      for (let row = 0; row < height; row++) {
        const to = ((row + pads[0][0]) * shape[1] + pads[1][0]) * channels;
        out.set(x.subarray(row * width * channels, (row + 1) * width * channels), to);
      }
    };
  },

  affine({ subtract, multiply, add }) {
    return (out, x) => {
      for (let i = 0; i < out.length; i++) {
        const difference = Math.fround(x[i] - subtract[i % subtract.length]);
        out[i] = Math.fround(difference * multiply[i % multiply.length]) + add[i % add.length];
      }
    };
  },

  layer_normalization({ gamma, beta, epsilon }) {
    const width = gamma.length;
    return (out, x) => {
      for (let start = 0; start < out.length; start += width) {
        let mean = 0;
        let variance = 0;
        for (let i = 0; i < width; i++) mean += x[start + i] / width;
        for (let i = 0; i < width; i++) variance += (x[start + i] - mean) ** 2 / width;
        const factor = 1 / Math.sqrt(variance + epsilon);
        for (let i = 0; i < width; i++) out[start + i] = (x[start + i] - mean) * factor * gamma[i] + beta[i];
      }
    };
  },

  embedding({ table, shape }) {
    const width = shape[shape.length - 1];
    const ids = table.length / width;
    return (out, x) => {
      for (let i = 0; i < x.length; i++) {
        const id = x[i];
        if (!Number.isInteger(id)) throw new Error(`embedding takes ids, which are whole numbers, but there is ${id}`);
        if (id < 0 || id >= ids) throw new Error(`embedding has the ids 0 to ${ids - 1}, but there is ${id}`);
        out.set(table.subarray(id * width, (id + 1) * width), i * width);
      }
    };
  },

  add: merging((a, b) => a + b),
  multiply: merging((a, b) => a * b),

  concatenate({ axis, shapes }) {
    const lengths = shapes.map((shape) => product(shape.slice(axis)));
    const count = product(shapes[0].slice(0, axis));
    return (out, ...inputs) => {
      for (let i = 0, to = 0; i < count; i++) {
        inputs.forEach((x, n) => {
          out.set(x.subarray(i * lengths[n], (i + 1) * lengths[n]), to);
          to += lengths[n];
        });
      }
    };
  },

  reshape: () => (out, x) => out.set(x),
  slice: ({ start, stop }) => (out, x) => out.set(x.subarray(start, stop)),

  activation(step) {
    const f = FUNCTIONS[step.function](step);
    return (out, x) => {
      for (let i = 0; i < out.length; i++) out[i] = f(x[i]);
    };
  },

  softmax({ shape }) {
    const width = shape[shape.length - 1];
    return (out, x) => {
      for (let start = 0; start < out.length; start += width) {
        let largest = -Infinity;
        let sum = 0;
        for (let i = start; i < start + width; i++) largest = Math.max(largest, x[i]);
        for (let i = start; i < start + width; i++) sum += Math.exp(x[i] - largest);
        for (let i = start; i < start + width; i++) out[i] = Math.exp(x[i] - largest) / sum;
      }
    };
  },
};

// The function from one row, Float32Array, to its outputs. Constants are {offset, length} in `weights`.
function makeNetwork({ input, steps, output }, weights) {
  const values = {};
  const calls = steps.map((step) => {
    const constants = Object.entries(step).filter(([, value]) => value?.offset !== undefined);
    const arrays = constants.map(([name, { offset, length }]) => [name, weights.subarray(offset, offset + length)]);
    const run = KERNELS[step.operation]({ ...step, ...Object.fromEntries(arrays) });
    const out = (values[step.output] = new Float32Array(product(step.shape)));
    return () => run(out, ...step.inputs.map((name) => values[name]));
  });
  return (row) => {
    values[input] = row;
    calls.forEach((call) => call());
    return values[output].slice();
  };
}
