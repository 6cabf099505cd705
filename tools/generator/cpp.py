"""core/spillway/<folder>/<noun>_settings.h: choices, settings, their table of options, snapshot."""

from collections.abc import Iterable, Sequence

from .tables import Choice, Field, Noun, Option, Value, camel
from .text import WIDTH, declare, fill, header


def one_line(head: str, body: str) -> str:
    """A function as clang-format lays it: on one line when it fits."""
    short = f"{head} {{ {body} }}"
    return short if len(short) <= WIDTH else f"{head} {{\n  {body}\n}}"


def number(literal: str) -> str:
    return f"{int(literal):,}".replace(",", "'") if literal.isdigit() else literal


def bound(literal: str) -> str:
    """Of a double. Beyond 2^53 it says so: there, not every whole number is one."""
    return number(literal) + (".0" if literal.isdigit() and int(literal) > 2**53 else "")


def choices(table: str, values: list[Value]) -> str:
    rows = [f'    {{"{value.name}", {value.value}}},' for value in values]
    return "\n".join([f"inline constexpr auto {table} = std::to_array<Choice>({{", *rows, "});\n"])


def enum(choice: Choice) -> str:
    lines = [fill(choice.doc, "// "), f"enum class {choice.cpp} : int32_t {{"]
    for value in choice.values:
        lines += [fill(value.doc, "  // "), f"  k{camel(value.name)} = {value.value},"]
    table = f"k{choice.cpp}Choices"
    names = f"constexpr std::span<const Choice> ChoicesOf({choice.cpp})"
    lines += ["};", "", choices(table, choice.values), one_line(names, f"return {table};"), ""]
    return "\n".join(lines)


def default(field: Field) -> str:
    if field.choice:
        name = field.default if isinstance(field, Option) else field.choice.values[0].name
        return f"{field.cpp}::k{camel(name)}"
    if isinstance(field, Option):
        return number(field.stored(field.default))
    return "-1.0" if field.type == "rate" else "0"


def struct(name: str, doc: str, rows: Sequence[Field], last: str = "") -> str:
    lines = [fill(doc, "// "), f"struct {name} {{"]
    for row in rows:
        lines += [fill(row.note, "  // "), f"  {row.cpp} {row.member} = {default(row)};"]
    return "\n".join(lines) + f"\n{last}}};\n"


def accepted_table(noun: Noun, option: Option) -> str:
    return f"k{noun.cpp}{camel(option.name)}Accepted" if option.allowed else f"k{option.cpp}Choices"


def braces(items: Sequence[str]) -> str:
    """A row of a table as clang-format lays it: on one line when it fits."""
    row = f"    {{{', '.join(items)}}},"
    return row if len(row) <= WIDTH else "    {" + ",\n     ".join(items) + "},"


def option_row(noun: Noun, option: Option) -> str:
    items = [
        f'.name = "{option.name}"',
        f".kind = OptionKind::k{option.type.capitalize()}",
        f".offset = offsetof({noun.cpp}Settings, {option.member})",
    ]
    if option.min is not None:
        items += [f".min = {bound(option.stored(option.min))}"]
        items += [f".max = {bound(option.stored(option.max))}"]
        items += [f'.zero = "{option.zero}"'] if option.zero else []
    items += [f".choices = {accepted_table(noun, option)}"] if option.choice else []
    items += [".fixed = true"] if option.fixed else []
    return braces(items)


def options_table(noun: Noun) -> str:
    rows = [option_row(noun, option) for option in noun.options]
    head = f"inline constexpr OptionSpec k{noun.cpp}Options[] = {{"
    return "\n".join([head, *rows, "};\n"])


def visitor(doc: str, name: str, struct_name: str, calls: Iterable[str]) -> str:
    return f"""\
{fill(doc, "// ")}
template <class Struct, class Visitor>
requires std::is_same_v<std::remove_const_t<Struct>, {struct_name}>
constexpr void {name}(Struct& fields, Visitor&& visit) {{
{"".join(f"  visit({call});" + chr(10) for call in calls)}\
}}
"""


def settings_header(noun: Noun) -> str:
    snapshot = f"{noun.cpp}Snapshot"
    equals = declare("  friend bool operator==(", [f"const {snapshot}&"] * 2, ") = default;")
    parts = [
        "namespace spillway {\n",
        *[enum(choice) for choice in noun.choices],
        struct(f"{noun.cpp}Settings", f"The options of {noun.with_article}.", noun.options),
        *[choices(accepted_table(noun, o), o.accepted) for o in noun.options if o.allowed],
        options_table(noun),
        visitor(
            "Calls `visit(spec, field)` for each option: its row and the field itself.",
            "ForEachOption",
            f"{noun.cpp}Settings",
            [f"k{noun.cpp}Options[{i}], fields.{o.member}" for i, o in enumerate(noun.options)],
        ),
        struct(
            snapshot,
            f"What {noun.with_article} holds.",
            noun.snapshot,
            f"\n{equals}\n",
        ),
        visitor(
            "Calls `visit(name, field)` for each field of a snapshot.",
            "ForEachField",
            snapshot,
            [f'"{field.member}", fields.{field.member}' for field in noun.snapshot],
        ),
        "}  // namespace spillway",
    ]
    names = ("array", "cstddef", "cstdint", "span", "type_traits")
    includes = "".join(f"#include <{name}>\n" for name in names)
    includes += '\n#include "spillway/base/option.h"'
    guard = f"SPILLWAY_{noun.folder}_{noun.noun}_SETTINGS_H_".upper()
    return header(guard, noun, includes, "\n".join(parts))


def duration_field(option: Option) -> str:
    return "absl::Duration" if option.type == "duration" else option.cpp


def options_header(noun: Noun) -> str:
    """The settings again in Abseil's vocabulary, and Create, which takes them."""
    settings, options = f"{noun.cpp}Settings", f"{noun.cpp}Options"
    create, passed = f"auto {noun.cpp}::Create(", ""
    part = ""
    if noun.parts:
        part, passed = f"{noun.parts} parts,\n{' ' * len(create)}", "parts, "
    rows = []
    for option in noun.options:
        value = f"{settings}{{}}.{option.member}"
        if option.type == "duration":
            value = f"absl::Nanoseconds({value})"
        rows.append(f"  {duration_field(option)} {option.name} = {value};")
    copies = []
    for option in noun.options:
        given = f"options.{option.name}"
        value = f"internal::OptionNanos({given})" if option.type == "duration" else given
        copies.append(f"  settings.{option.member} = {value};")
    doc = (
        f"{settings}, where each option is described, with durations as absl::Duration. "
        "absl::ZeroDuration() turns off what can be off; an infinite one is out of range."
    )
    body = "\n".join(
        [
            "namespace spillway {\n",
            fill(doc, "// "),
            f"struct {options} {{",
            *rows,
            "};\n",
            f"inline {settings} SettingsOf(const {options}& options) {{",
            f"  {settings} settings;",
            *copies,
            "  return settings;",
            "}\n",
            "template <typename Options>",
            f"{create}std::string_view name, {part}const Options& options) {{",
            "  Error error;",
            f"  return internal::StatusOr(Make(name, {passed}SettingsOf(options), &error), error);",
            "}\n",
            "}  // namespace spillway",
        ]
    )
    includes = "\n".join(
        [
            "#include <cstdint>\n#include <string_view>\n",
            '#include "absl/time/time.h"',
            '#include "spillway/base/absl_options.h"',
            '#include "spillway/base/error.h"',
            f'#include "spillway/{noun.folder}/{noun.noun}.h"',
            f'#include "spillway/{noun.folder}/{noun.noun}_settings.h"',
        ]
    )
    return header(f"SPILLWAY_{noun.folder}_{noun.noun}_OPTIONS_H_".upper(), noun, includes, body)
