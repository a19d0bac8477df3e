"""Inputs for both sides. A case whose results are meant to differ says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CASES", "CLASSES", "Case"]

_PROCESSING = "lfx.components.processing"
_FLOW = "lfx.components.flow_controls"
CLASSES = {
    "AlterMetadata": f"{_PROCESSING}.alter_metadata.AlterMetadataComponent",
    "CSVtoData": "lfx.components.data_source.csv_to_data.CSVToDataComponent",
    "CalculatorComponent": "lfx.components.utilities.calculator_core.CalculatorComponent",
    "CombineText": f"{_PROCESSING}.combine_text.CombineTextComponent",
    "ConditionalRouter": f"{_FLOW}.conditional_router.ConditionalRouterComponent",
    "CreateList": f"{_PROCESSING}.create_list.CreateListComponent",
    "DataConditionalRouter": f"{_FLOW}.data_conditional_router.DataConditionalRouterComponent",
    "DataFrameOperations": f"{_PROCESSING}.dataframe_operations.DataFrameOperationsComponent",
    "DataOperations": f"{_PROCESSING}.data_operations.DataOperationsComponent",
    "DataToDataFrame": f"{_PROCESSING}.data_to_dataframe.DataToDataFrameComponent",
    "ExtractaKey": f"{_PROCESSING}.extract_key.ExtractDataKeyComponent",
    "FilterData": f"{_PROCESSING}.filter_data.FilterDataComponent",
    "FilterDataValues": f"{_PROCESSING}.filter_data_values.DataFilterComponent",
    "IDGenerator": "lfx.components.utilities.id_generator.IDGeneratorComponent",
    "JSONCleaner": f"{_PROCESSING}.json_cleaner.JSONCleaner",
    "JSONtoData": "lfx.components.data_source.json_to_data.JSONToDataComponent",
    "MergeDataComponent": f"{_PROCESSING}.merge_data.MergeDataComponent",
    "MessagetoData": f"{_PROCESSING}.message_to_data.MessageToDataComponent",
    "ParseData": f"{_PROCESSING}.parse_data.ParseDataComponent",
    "ParseDataFrame": f"{_PROCESSING}.parse_dataframe.ParseDataFrameComponent",
    "ParseJSONData": f"{_PROCESSING}.parse_json_data.ParseJSONDataComponent",
    "ParserComponent": f"{_PROCESSING}.parser.ParserComponent",
    "Pass": f"{_FLOW}.pass_message.PassMessageComponent",
    "Prompt Template": "lfx.components.models_and_agents.prompt.PromptComponent",
    "RegexExtractorComponent": f"{_PROCESSING}.regex.RegexExtractorComponent",
    "SelectData": f"{_PROCESSING}.select_data.SelectDataComponent",
    "SplitText": f"{_PROCESSING}.split_text.SplitTextComponent",
    "TextInput": "lfx.components.input_output.text.TextInputComponent",
    "TextOperations": f"{_PROCESSING}.text_operations.TextOperations",
    "TypeConverterComponent": f"{_PROCESSING}.converter.TypeConverterComponent",
    "UpdateData": f"{_PROCESSING}.update_data.UpdateDataComponent",
}
"""Where Langflow keeps the component of an exported type."""


@dataclass(frozen=True)
class Case:
    """One component with its inputs. `outputs` are the methods to call by output name, None for all declared ones.

    `different` is the reason why the two sides are meant to differ; when they no longer do, the case fails.
    """

    type: str
    fields: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] | None = None
    different: str = ""

    def __str__(self) -> str:
        return f"{self.type} {self.fields}"[:150]


def data(**fields: Any) -> dict[str, Any]:
    return {"$data": fields}


def table(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"$table": list(rows)}


def message(text: str) -> dict[str, Any]:
    return {"$message": text}


_CRASH = "Langflow's component does not get to an answer"
PEOPLE = table({"name": "Ann", "age": 31}, {"name": "Bo", "age": 5}, {"name": "Cy", "age": 31})
NESTED = data(text="hi", user={"name": "Ann", "tags": ["x", "y"], "address": {"city": "Bonn"}}, n=3, empty=None)


def _texts() -> Iterator[Case]:
    for texts in (("a", "b"), ("", "b"), ("a", ""), ("", ""), (" a ", "b\n")):
        for delimiter in (" ", "", ", ", "\n"):
            yield Case("CombineText", {"text1": texts[0], "text2": texts[1], "delimiter": delimiter})
    yield Case("TextInput", {"input_value": "héllo 😀"})
    yield Case("TextInput", {"input_value": ""})
    yield Case("MessagetoData", {"message": message("hi")}, {"data": "convert_message_to_data"})
    yield Case("Pass", {"input_message": message("a"), "ignored_message": message("b")})
    for texts in (["a"], ["a", "b", ""], []):
        yield Case("CreateList", {"texts": texts})


def _splitting() -> Iterator[Case]:
    text = "one two three\nfour five six\n\nseven eight\n"
    for separator in ("\n", " ", "", "\\n", "e", "\n\n", "zz"):
        for size, overlap in ((5, 0), (12, 4), (1000, 200), (1, 0), (20, 10)):
            for keep in ("False", "Start", "End"):
                fields = {"separator": separator, "chunk_size": size, "chunk_overlap": overlap, "keep_separator": keep}
                yield Case("SplitText", {"data_inputs": data(text=text), **fields})
    yield Case("SplitText", {"data_inputs": data(text=text, source="s"), "chunk_size": 10, "chunk_overlap": 0})
    yield Case(
        "SplitText",
        {"data_inputs": table({"text": text, "n": 1}, {"text": "x", "n": 2}), "chunk_size": 10, "chunk_overlap": 0},
    )
    yield Case("SplitText", {"data_inputs": data(body="a\nb"), "text_key": "body", "chunk_size": 1, "chunk_overlap": 0})
    yield Case("SplitText", {"data_inputs": data(text=""), "chunk_size": 10, "chunk_overlap": 0})
    yield Case("SplitText", {"data_inputs": data(text="ab"), "chunk_size": 1, "chunk_overlap": 5})
    yield Case(
        "SplitText",
        {"data_inputs": data(text=text, k=1), "chunk_size": 10, "chunk_overlap": 0, "clean_output": False},
    )
    yield Case(
        "SplitText",
        {"data_inputs": message(text), "chunk_size": 10, "chunk_overlap": 0},
        different="a message is split into its texts, without a column for each of its fields",
    )


def _parsing() -> Iterator[Case]:
    for pattern in ("Text: {text}", "{text}", "plain", "{user}", "{n:03d}", "{missing}", "{text!r}", "{{text}}", "{"):
        yield Case("ParserComponent", {"input_data": NESTED, "pattern": pattern, "mode": "Parser"})
    for sep in ("\n", ", ", ""):
        yield Case(
            "ParserComponent", {"input_data": PEOPLE, "pattern": "{name} is {age}", "sep": sep, "mode": "Parser"}
        )
        yield Case("ParseDataFrame", {"df": PEOPLE, "template": "{name}={age}", "sep": sep})
        yield Case("ParseData", {"data": [data(text="a"), data(text="b")], "template": "- {text}", "sep": sep})
    yield Case("ParserComponent", {"input_data": message("hello"), "pattern": "<{text}>", "mode": "Parser"})
    for value in (NESTED, PEOPLE, message("hi"), data(text="only"), table()):
        yield Case("ParserComponent", {"input_data": value, "mode": "Stringify"})
    yield Case("ParseData", {"data": [NESTED], "template": "{text} {n}"})
    yield Case("ParseDataFrame", {"df": table({"text": "a"}, {"text": None}), "template": "{text}"})
    for query in (".user.name", ".user.tags[]", ".missing", ".", ".user | keys", "bad[", ".user.tags | length"):
        yield Case("ParseJSONData", {"input_value": NESTED, "query": query})
    for variables in ({"name": "Ann", "thing": "tea"}, {"name": "", "thing": "a {b}"}, {}):
        yield Case("Prompt Template", {"template": "Hello {name}, have {thing}.", **variables})
    yield Case("Prompt Template", {"template": "no variables {{literal}}"})
    yield Case("Prompt Template", {"template": "Hi {{name}}", "use_double_brackets": True, "name": "Ann"})
    yield Case("Prompt Template", {"template": ""})


def _json() -> Iterator[Case]:
    for text in (
        '{"a": 1}',
        '{"a": 1',
        "{'a': 1}",
        '{"a": 1,}',
        "[1, 2,, 3]",
        'text {"a": 1} more',
        "{a: 1}",
        '{"a": "x\ny"}',
        '{"a": tru}',
        '{"a": "caf\u0065\u0301"}',
        "",
        "plain",
    ):
        for flags in ({}, {"remove_control_chars": True}, {"normalize_unicode": True}, {"validate_json": True}):
            yield Case("JSONCleaner", {"json_str": text, **flags})
        yield Case("JSONtoData", {"json_string": text}, different=_CRASH if text.startswith("[") else "")
    for text in ('[{"a": 1}, {"b": 2}]', "[]"):
        yield Case("JSONtoData", {"json_string": text})
    for text in ("[1, 2]", "5", '"x"'):
        yield Case("JSONtoData", {"json_string": text}, different=_CRASH)
    yield Case("JSONtoData", {"json_string": "null"})
    for text in ("a,b\n1,2\n3,4\n", "text\nhi\n", "", "a,b\n", 'a\n"x,y"\n', "a,b\n1\n", "a,a\n1,2\n"):
        yield Case("CSVtoData", {"csv_string": text})
    yield Case("CSVtoData", {"csv_string": "body,n\nx,1\n", "text_key": "body"})


def _operations() -> Iterator[Case]:
    def data_operation(name: str, value: Any = NESTED, **fields: Any) -> Case:
        return Case("DataOperations", {"data": value, "operations": [{"name": name}], **fields})

    for keys in (["text"], ["text", "n"], ["missing"], []):
        yield data_operation("Select Keys", select_keys_input=keys)
        yield data_operation("Remove Keys", remove_keys_input=keys)
    yield data_operation("Literal Eval", data(a="[1, 2]", b="{'x': 1}", c="text", d="None", e="1.5"))
    yield data_operation("Combine", [data(a=1, b="x"), data(a=2, b="y", c=[1])])
    yield data_operation("Combine", [data(a=1)])
    for key in ("text", "n", "missing"):
        for value in ({"hi": "hi"}, {"text": "hi"}, {"n": "3"}):
            yield data_operation("Filter Values", [NESTED], filter_key=[key], filter_values=value, operator="equals")
    yield data_operation("Append or Update", append_update_data={"n": 4, "new": "x"})
    yield data_operation("Append or Update", append_update_data={})
    yield data_operation("Rename Keys", rename_keys_input={"text": "body"})
    yield data_operation("Rename Keys", rename_keys_input={"missing": "body"})
    for path in (".user.name", ".user.address", ".user.tags[0]", ".missing"):
        yield data_operation("Path Selection", selected_key=path, mapped_json_display="{}")
    for query in (".user.name", ".user.tags[]", ".n + 1", ".missing", "bad["):
        yield data_operation("JQ Expression", query=query)

    def table_operation(name: str, value: Any = PEOPLE, **fields: Any) -> Case:
        return Case("DataFrameOperations", {"df": value, "operation": [{"name": name}], **fields})

    yield table_operation("Add Column", new_column_name="x", new_column_value="1")
    yield table_operation("Drop Column", column_name="age")
    yield table_operation("Drop Column", column_name="missing")
    for operator in (
        *("equals", "not equals", "contains", "not contains", "starts with", "ends with"),
        *("greater than", "less than"),
    ):
        for column, value in (("age", "31"), ("name", "A"), ("name", "Ann"), ("age", "abc"), ("age", "3")):
            yield table_operation("Filter", column_name=column, filter_operator=operator, filter_value=value)
    for count in (0, 1, 2, 5):
        yield table_operation("Head", num_rows=count)
        yield table_operation("Tail", num_rows=count)
    yield table_operation("Rename Column", column_name="age", new_column_name="years")
    yield table_operation("Rename Column", column_name="missing", new_column_name="years")
    yield table_operation("Replace Value", column_name="name", replace_value="Ann", replacement_value="Anna")
    yield table_operation("Replace Value", column_name="age", replace_value="31", replacement_value="32")
    yield table_operation("Select Columns", columns_to_select=["name"])
    yield table_operation("Select Columns", columns_to_select=["age", "name"])
    yield table_operation("Select Columns", columns_to_select=["missing"])
    for ascending in (True, False):
        yield table_operation("Sort", column_name="age", ascending=ascending)
        yield table_operation("Sort", column_name="name", ascending=ascending)
    yield table_operation("Drop Duplicates", column_name="age")
    for operation in ("Concatenate", "Merge"):
        for how in ("inner", "outer", "left", "right"):
            yield table_operation(
                operation,
                left_dataframe=PEOPLE,
                right_dataframe=table({"name": "Ann", "city": "Bonn"}, {"name": "Di", "city": "Ulm"}),
                merge_on_column="name",
                merge_how=how,
            )


def _text_operations() -> Iterator[Case]:
    def text_operation(
        name: str, text: str = "Hello  World, hello\n\nlast line  ", method: str = "text", **fields: Any
    ) -> Case:
        methods = {"text": "get_text", "data": "get_data", "dataframe": "get_dataframe"}
        return Case(
            "TextOperations",
            {"operation": [{"name": name}], "text_input": text, **fields},
            {method: methods[method]},
        )

    for text in ("one two\nthree", "", "  "):
        yield text_operation("Word Count", text, "data")
    for case in ("uppercase", "lowercase", "title", "capitalize", "swapcase"):
        yield text_operation("Case Conversion", case_type=case)
    for pattern, regex in (("hello", False), ("[Hh]ello", True), ("l(.)", True), ("(", True), ("", False)):
        yield text_operation("Text Replace", search_pattern=pattern, replacement_text="<>", use_regex=regex)
    for pattern in (r"\w+", "l+", "(l)(o)", "(", ""):
        for most in (1, 10, 0):
            yield text_operation("Text Extract", extract_pattern=pattern, max_matches=most)
    for count in (0, 3, 1000, -1):
        yield text_operation("Text Head", head_characters=count)
        yield text_operation("Text Tail", tail_characters=count)
    for mode in ("both", "left", "right"):
        for characters in ("", "He "):
            yield text_operation("Text Strip", strip_mode=mode, strip_characters=characters)
    for second in ("more", ""):
        yield text_operation("Text Join", text_input_2=second)
    for flags in (
        {"remove_extra_spaces": True},
        {"remove_special_chars": True},
        {"remove_empty_lines": True},
        {"remove_extra_spaces": False},
    ):
        yield text_operation("Text Clean", **flags)
    for text in ("a|b\n1|2\n3|4", "| a | b |\n|---|---|\n| 1 | 2 |", "a,b\n1,2", ""):
        yield text_operation("Text to DataFrame", text, "dataframe", table_separator="|", has_header=True)
        yield text_operation("Text to DataFrame", text, "dataframe", table_separator="|", has_header=False)


def _records() -> Iterator[Case]:
    for operation in ("Concatenate", "Append", "Merge", "Join"):
        yield Case(
            "MergeDataComponent",
            {"data_inputs": [data(a="1", b="x"), data(a="2", c=["y"])], "operation": operation},
        )
        yield Case("MergeDataComponent", {"data_inputs": [data(a="1")], "operation": operation})
        yield Case("MergeDataComponent", {"data_inputs": [], "operation": operation})
    yield Case("DataToDataFrame", {"data_list": [data(text="a", n=1), data(text="b")]})
    yield Case("DataToDataFrame", {"data_list": []}, different=_CRASH)
    for value in ([data(text="a"), data(text="b")], [NESTED]):
        for index in (0, 1, 5, -1):
            yield Case("SelectData", {"data_list": value, "data_index": index})
    for key in ("text", "user", "missing"):
        yield Case("ExtractaKey", {"data_input": NESTED, "key": key})
        yield Case("ExtractaKey", {"data_input": [NESTED, data(text="b")], "key": key})
    yield Case("FilterData", {"data": NESTED, "filter_criteria": ["text", "n"]})
    yield Case("FilterData", {"data": NESTED, "filter_criteria": ["missing"]})
    for operator in ("equals", "not equals", "contains", "starts with", "ends with"):
        for value in ("a", "ab", "x", ""):
            fields = {"filter_key": message("k"), "filter_value": message(value), "operator": operator}
            yield Case("FilterDataValues", {"input_data": [data(k="ab"), data(k="a"), data(z="a")], **fields})
    yield Case("AlterMetadata", {"input_value": [data(text="a")], "metadata": {"k": "v"}, "remove_fields": ["x"]})
    yield Case("AlterMetadata", {"input_value": [NESTED], "metadata": {"n": "9"}, "remove_fields": ["user"]})
    yield Case("AlterMetadata", {"text_in": "plain", "metadata": {"k": "v"}})
    for value in (message("hi"), message('{"a": 1}'), NESTED, data(text="x"), PEOPLE, table()):
        for automatic in (False, True):
            yield Case("TypeConverterComponent", {"input_data": value, "auto_parse": automatic}, _CONVERSIONS)


_CONVERSIONS = {
    "message_output": "convert_to_message",
    "data_output": "convert_to_data",
    "dataframe_output": "convert_to_dataframe",
}


def _routing() -> Iterator[Case]:
    def router(operator: str, text: str, match: str, **fields: Any) -> Case:
        return Case("ConditionalRouter", {"operator": operator, "input_text": text, "match_text": match, **fields})

    texts = (("abc", "abc"), ("abc", "ABC"), ("abc", "b"), ("abc", "ab"), ("abc", "bc"), ("", ""), ("abc", ""))
    for operator in ("equals", "not equals", "contains", "starts with", "ends with", "regex"):
        for text, match in texts:
            for sensitive in (True, False):
                yield router(operator, text, match, case_sensitive=sensitive)
    yield router("regex", "a", "(")
    yield router("regex", "abc 12", r"[a-z]+ \d+")
    numbers = (("1", "2"), ("2", "2.0"), ("10", "9"), ("x", "1"), ("1", ""), (" 1e2 ", "99"), ("-1", "-2"))
    for operator in ("less than", "less than or equal", "greater than", "greater than or equal"):
        for text, match in numbers:
            yield router(operator, text, match)
    yield router("equals", "a", "a", true_case_message=message("yes"), false_case_message=message("no"))
    yield router("equals", "a", "b", true_case_message=message("yes"), false_case_message=message("no"))
    for operator in ("equals", "not equals", "contains", "starts with", "ends with", "boolean validator"):
        for key in ("k", "missing"):
            for compare in ("yes", "y", "x", ""):
                yield Case(
                    "DataConditionalRouter",
                    {
                        "data_input": data(k="yes"),
                        "key_name": key,
                        "operator": operator,
                        "compare_value": compare,
                    },
                )
    for value in ("true", "1", "no", "0", "", True, False, 5):
        yield Case(
            "DataConditionalRouter", {"data_input": data(k=value), "key_name": "k", "operator": "boolean validator"}
        )
    yield Case(
        "DataConditionalRouter",
        {"data_input": [data(k="a"), data(k="b")], "key_name": "k", "operator": "equals", "compare_value": "a"},
    )


_CALCULATED = {
    **dict.fromkeys(("10 % 3", "7 // 2", "-(3 + 4)"), "these operators are understood here"),
    "True": "a word is no number",
}


def _utilities() -> Iterator[Case]:
    for expression in (
        *("1 + 2", "2 * 3.5", "7 / 2", "1 / 0", "2 ** 10", "10 % 3", "7 // 2", "-(3 + 4)", "0.1 + 0.2"),
        *("", "abc", "1 +", "sqrt(4)", "1e3", "1000000 * 1000000", "1/3", "True", "__import__('os')", "2 ** 0.5"),
    ):
        yield Case("CalculatorComponent", {"expression": expression}, different=_CALCULATED.get(expression, ""))
    yield Case("IDGenerator", {"unique_id": "fixed"})
    for pattern in (r"\w+", r"(\w)(\w)", r"[a-z", r"\d+", "", r"(?i)HELLO"):
        different = _CRASH if pattern.count("(\\w)") == 2 else ""
        yield Case("RegexExtractorComponent", {"input_text": "hello 12 world", "pattern": pattern}, different=different)
    yield Case("RegexExtractorComponent", {"input_text": "", "pattern": r"\w+"})


CASES: tuple[Case, ...] = (
    *_texts(),
    *_splitting(),
    *_parsing(),
    *_json(),
    *_operations(),
    *_text_operations(),
    *_records(),
    *_routing(),
    *_utilities(),
)
