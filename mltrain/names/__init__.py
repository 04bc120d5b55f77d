"""What a wrong name was meant to be: misspellings, parts of names, and the names of other tools."""
