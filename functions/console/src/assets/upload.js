// Fills in later.
