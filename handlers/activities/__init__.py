"""Activities of V2.0: one module each, with the name of its contract."""
