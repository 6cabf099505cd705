"""What tools/generate is made of: the tables (schema) and one module for each face."""
