def wanted_rows(expressions): return None
