// @TITLE@
// @ORIGIN@
//
//   import { predict, predictBatch, selfTest } from "./@FILE@";
//   predict(@EXAMPLE@);
//
// `predict` throws an Error that says what is wrong with a row. The rows of the self-test have the answers that mltrain
// gave: node @FILE@ --self-test
