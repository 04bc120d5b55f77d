/** A value of a row: a number, a text, true or false; null where there is none. Dates may be a Date, read in UTC. */
export type Cell = number | string | boolean | Date | null;

/** One row as the model takes it. */
export type Row = @ROW@;

/** The names of the classes. */
export type Label = @LABEL@;

/** What the model says of a row. */
export type Prediction = @PREDICTION@;

/** Predicts one row. Throws an Error that says which column cannot be used, and why. */
export function predict(row: Row): Prediction;

/** Predicts many rows. Throws an Error that says which row and column cannot be used, and why. */
export function predictBatch(rows: Iterable<Row>): Prediction[];

/** The numbers that the last layer gives for a row, in the units of the target. */
export function outputs(row: Row): @OUTPUTS@;

/** What a row has that was new to the model, in sentences: gaps that were filled in, names that count as others. */
export function notes(row: Row): string[];

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
