"""What koogate remembers: tables, repositories, migrations and the unit of work."""
