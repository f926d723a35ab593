"""The vendor API: what the vendor's own product and tools call at koogate."""
