"""Pages in a browser: for now the demonstration's two phones."""
