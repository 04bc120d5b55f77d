"""Long checks that run beside the tests; README.md says what each is for and how long it takes."""
