export const { predict, predictBatch, outputs, notes, selfTest } = makeModel(DESCRIPTION, WEIGHTS);

export const model = {
  name: DESCRIPTION.name,
  columns: DESCRIPTION.columns && [...new Set(DESCRIPTION.columns.map(({ column }) => column))],
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
