"""Play KooGallery: its order interface, its buyers and its retry engine.

Signs and verifies with its own code, so that a mistake in the server cannot agree with itself.
"""
