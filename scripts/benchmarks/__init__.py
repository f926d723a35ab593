"""How fast the server is beside its peers, measured in one run on one machine."""
