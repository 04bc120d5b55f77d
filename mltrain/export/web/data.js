const DESCRIPTION = @DESCRIPTION@;

// All weights as base64 of float32, little-endian.
const WEIGHTS_TEXT =
  "@WEIGHTS@";

const WEIGHTS = new Float32Array(Uint8Array.from(atob(WEIGHTS_TEXT), (character) => character.charCodeAt(0)).buffer);
