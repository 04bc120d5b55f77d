"""Programs that kill mltrain, starve it and run it for long, to see that nothing is lost; see docs/reliability.md."""
