
const DESCRIPTION = @DESCRIPTION@;

// All weights as base64 of float32, little-endian.
const WEIGHTS =
  "@WEIGHTS@";

const bytes = Uint8Array.from(atob(WEIGHTS), (character) => character.charCodeAt(0));

export const { predict, predictBatch, selfTest } = makeModel(DESCRIPTION, new Float32Array(bytes.buffer));

export const model = {
  name: DESCRIPTION.name,
  columns: DESCRIPTION.columns?.map(({ column }) => column) ?? null,
  shape: DESCRIPTION.shape,
  targets: DESCRIPTION.targets,
  classes: DESCRIPTION.classes,
};

const nameOf = (path) => path.split(/[\\/]/).pop();
if (globalThis.process?.argv?.includes("--self-test") && nameOf(process.argv[1]) === nameOf(decodeURI(import.meta.url))) {
  const { rows, difference, passed } = selfTest();
  const told = `${rows} rows, largest difference ${difference.toExponential(1)}`;
  console.log(`self-test ${passed ? "passed" : "FAILED"}: ${told}`);
  process.exitCode = passed ? 0 : 1;
}
