"""Facts of the KooGallery protocol as pure functions: no I/O, no clock, no framework."""
