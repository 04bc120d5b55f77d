"""The loop that makes a network learn. It knows neither terminal nor disk: `train` is a generator of reports."""
