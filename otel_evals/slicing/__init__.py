"""What the numbers are cut by: model, prompt version (named or derived), service, and configured extra keys."""
