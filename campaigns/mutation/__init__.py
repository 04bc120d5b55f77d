"""Are the tests able to fail? Small changes to mltrain's code, drawn by seed, each of which some test should notice."""
