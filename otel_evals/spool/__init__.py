"""What must survive a crash: a durable journal for what waits to be forwarded and for what is held."""
