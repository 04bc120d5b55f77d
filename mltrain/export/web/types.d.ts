/** A value of a row: a number, a text, true or false; null where there is none. Dates may be a Date, read in UTC. */
export type Cell = number | string | boolean | Date | null;

/** One row as the model takes it. */
export type Row = @ROW@;

/** The names of the classes. */
export type Label = @LABEL@;

export interface Prediction {
  /** The outputs of the model: probabilities, or numbers in the units of the target. */
  y: number[]@POSITIONS@;
  /** The predicted class, where the model predicts classes. */
  label@IS_CLASS@: Label@POSITIONS@;
  /** The probability of each class, where the model gives probabilities. */
  probabilities@HAS_PROBABILITIES@: Record<Label, number>@POSITIONS@;
  /** The predicted numbers by target, where the model predicts numbers. */
  values@IS_NUMBER@: Record<@TARGET@, number>;
  /** What the row has that was new to the model: gaps that were filled in, names that count as other. */
  notes: string[];
}

/** Predicts one row. Throws an Error that says which column cannot be used, and why. */
export function predict(row: Row): Prediction;

/** Predicts many rows. Throws an Error that says which row and column cannot be used, and why. */
export function predictBatch(rows: Iterable<Row>): Prediction[];

export interface SelfTest {
  /** How many rows there are whose answers by mltrain are known. */
  rows: number;
  /** The largest difference from these answers; of numbers above 1, it is relative. */
  difference: number;
  tolerance: number;
  passed: boolean;
}

/** Predicts the rows with known answers that are in the module. */
export function selfTest(): SelfTest;

export const model: {
  name: string;
  /** The names of the columns of a row; null where a row is numbers or pixels. */
  columns: string[] | null;
  /** The shape of the numbers that the network reads. */
  shape: number[];
  targets: string[];
  classes: Label[] | null;
};
