"""What the processor says of itself: the catalogue of instruments, the meters behind them, logs and health."""
