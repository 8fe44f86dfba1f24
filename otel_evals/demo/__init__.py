"""The demo: an invented shop whose three applications send realistic traffic over the real wire."""
