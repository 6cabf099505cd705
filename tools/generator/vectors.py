"""tests/support/generated/<noun>_vectors.h: what the C vector runner reads and compares."""

from collections.abc import Sequence

from .c import constant
from .tables import Choice, Field, Noun
from .text import header


def value_table(choice: Choice) -> str:
    return choice.c.removeprefix("SPILLWAY_").lower() + "_values"


def values(choice: Choice) -> list[str]:
    rows = [f'    {{"{v.name}", {constant(choice, v.name)}}},' for v in choice.values]
    return [f"static const vector_value {value_table(choice)}[] = {{", *rows, "    {0},", "};", ""]


def fields(name: str, struct: str, rows: Sequence[Field]) -> list[str]:
    lines = [f"static const vector_field {name}[] = {{"]
    for row in rows:
        kind = f"VECTOR_{row.c.removesuffix('_t').upper()}"
        table = value_table(row.choice) if row.choice else "NULL"
        lines += [f'    {{"{row.member}", {kind}, {table},']
        lines += [f"     offsetof({struct}, {row.member})}},"]
    return [*lines, "    {0},", "};", ""]


def vectors_header(noun: Noun) -> str:
    options, snapshot = f"spillway_{noun.noun}_options", f"spillway_{noun.noun}_snapshot"
    lines = ["// clang-format off"]
    for choice in noun.choices:
        lines += values(choice)
    lines += fields(f"{noun.noun}_option_fields", options, noun.options)
    lines += fields(f"{noun.noun}_snapshot_fields", snapshot, noun.snapshot)
    functions = f"""\
// Sets the options that `json` names. 0, or -1 with `why` filled.
static inline int decode_{noun.noun}_options(
    const cJSON* json, {options}* out,
    char* why, size_t why_size) {{
  return vector_decode({noun.noun}_option_fields, json, out, why, why_size);
}}

// Compares the fields that `expected` names. 0, or -1 with `why` filled.
static inline int check_{noun.noun}_snapshot(
    const cJSON* expected, const {snapshot}* got,
    char* why, size_t why_size) {{
  return vector_check({noun.noun}_snapshot_fields, expected, got, why, why_size);
}}
// clang-format on"""
    includes = '#include "spillway/c_api.h"\n#include "tests/support/vector_fields.h"'
    guard = f"SPILLWAY_TESTS_{noun.noun}_VECTORS_H_".upper()
    return header(guard, noun, includes, "\n".join([*lines, functions]))
