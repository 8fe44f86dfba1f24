"""What pages share: layout, rendering, figures and charts, static files."""
