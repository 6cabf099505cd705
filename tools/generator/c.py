"""The regions of bindings/c/include/spillway/c_api.h, and the conversions behind them."""

from collections.abc import Sequence

from .tables import Choice, Field, Noun, Option
from .text import declare, fill, header


def comment(text: str, indent: str = "") -> str:
    return fill(f"/* {text} */", indent, f"{indent} * ")


def constant(choice: Choice, name: str) -> str:
    return f"{choice.c}_{name.upper()}"


def constants(noun: Noun) -> str:
    lines = []
    for choice in noun.choices:
        lines += [comment(choice.doc), "enum {"]
        for value in choice.values:
            lines += [comment(value.doc, "  ")]
            lines += [f"  {constant(choice, value.name)} = {value.value},"]
        lines += ["};", ""]
    return "\n".join(lines[:-1])


def struct(name: str, doc: str, rows: Sequence[Field]) -> str:
    lines = [comment(doc), f"typedef struct {name} {{", "  size_t struct_size;"]
    for row in rows:
        note = f"{row.note} One of {row.choice.c}_*." if row.choice else row.note
        lines += [comment(note, "  "), f"  {row.c} {row.member};"]
    return "\n".join([*lines, f"}} {name};"])


def default(option: Option) -> str:
    if option.choice:
        return constant(option.choice, option.default)
    return str(int(option.default)) if option.type == "flag" else option.stored(option.default)


def options(noun: Noun) -> str:
    name = f"spillway_{noun.noun}_options"
    doc = f"The options of {noun.with_article}. Begin with {name.upper()}_INIT."
    lines = [struct(name, doc, noun.options), "", "/* clang-format off */"]
    lines += [f"#define {name.upper()}_INIT \\", "  { \\"]
    lines += [f"    SPILLWAY_SIZE_TO_END({name}, {noun.options[-1].member}), \\"]
    lines += [f"    /* {option.member} */ {default(option)}, \\" for option in noun.options]
    return "\n".join([*lines, "  }", "/* clang-format on */"])


def snapshot(noun: Noun) -> str:
    return struct(
        f"spillway_{noun.noun}_snapshot", f"What {noun.with_article} holds.", noun.snapshot
    )


def read(row: Option) -> str:
    if row.type == "flag":
        call = f'ReadFlag("{row.name}", from.{row.member}, &to->{row.member}, error)'
        return f"  if (!{call}) return false;\n"
    value = f"static_cast<{row.cpp}>(from.{row.member})" if row.choice else f"from.{row.member}"
    return f"  to->{row.member} = {value};\n"


def write(row: Field) -> str:
    value = f"static_cast<int32_t>(from.{row.member})" if row.choice else f"from.{row.member}"
    return f"  to->{row.member} = {value};\n"


def to_c(source: str, struct: str, rows: Sequence[Field]) -> str:
    parameters = [f"const {source}& from", f"{struct}* to"]
    head = declare("inline void ToC(", parameters, ") noexcept {")
    return "\n".join([head, "".join(write(row) for row in rows) + "}"])


def ends(noun: Noun, what: str, rows: Sequence[Field]) -> str:
    struct = f"spillway_{noun.noun}_{what}"
    lines = [f"inline constexpr size_t k{noun.cpp}{what.capitalize()}Ends[] = {{"]
    lines += [f"    SPILLWAY_SIZE_TO_END({struct}, {row.member})," for row in rows]
    return "\n".join([*lines, "};"])


def conversions(noun: Noun) -> str:
    options = f"const spillway_{noun.noun}_options& from"
    parameters = [options, f"{noun.cpp}Settings* to", "Error* error"]
    head = declare("inline bool FromC(", parameters, ") noexcept {")
    headers = sorted([f"spillway/{noun.folder}/{noun.noun}_settings.h", "spillway/c_api.h"])
    includes = "\n".join(f'#include "{path}"' for path in headers)
    body = f"""\
namespace spillway {{

// Where each field ends: the sizes that a struct of an older caller may have.
{ends(noun, "options", noun.options)}

{ends(noun, "snapshot", noun.snapshot)}

// False, with `error` filled, when a flag is neither 0 nor 1, which a bool could not carry on.
// Every other value is passed on as it is, for CheckOptions to judge.
{head}
{"".join(read(row) for row in noun.options)}\
  return true;
}}

// Both leave `to->struct_size` as it is: it says how much of the struct the caller knows.
{to_c(f"{noun.cpp}Settings", f"spillway_{noun.noun}_options", noun.options)}

{to_c(f"{noun.cpp}Snapshot", f"spillway_{noun.noun}_snapshot", noun.snapshot)}

}}  // namespace spillway"""
    guard = f"SPILLWAY_C_GENERATED_{noun.noun}_H_".upper()
    return header(guard, noun, includes, body)
