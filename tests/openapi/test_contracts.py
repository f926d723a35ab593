"""The contracts: valid, loadable, complete, and true to their own examples."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from connexion.spec import Specification
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from handlers.marketplace.result_codes import ResultCode
from handlers.validation import draft4

OPENAPI = Path(__file__).parents[2] / "openapi"
ROOTS = ["health.yaml", "koogallery.yaml", "marketplace.yaml", "vendor.yaml"]
ACTIVITIES = {
    "newInstance": "new_instance",
    "queryInstance": "query_instance",
    "refreshInstance": "refresh_instance",
    "updateInstanceStatus": "update_instance_status",
    "releaseInstance": "release_instance",
    "upgradeInstance": "upgrade_instance",
    "changeInstanceCheck": "change_instance_check",
}
SCOPES = {"instances:read", "instances:write", "calls:read", "notices:read", "notices:write"}
METHODS = {"get", "put", "post", "delete", "patch"}


def load(root: str) -> dict[str, Any]:
    """Load a root contract as Connexion does, references resolved."""
    return dict(Specification.load(OPENAPI / root).spec)


def fragment(path: Path) -> dict[str, Any]:
    """Load a file that is no root contract, references resolved, by making its keys schemas of one."""
    host = {"openapi": "3.0.3", "info": {"title": "x", "version": "1"}, "paths": {}}
    names = yaml.safe_load(path.read_text(encoding="utf-8"))
    host["x-file"] = {name: {"$ref": f"{path.name}#/{name}"} for name in names}
    specification = Specification.from_dict(host, base_uri=f"{path.parent}/")
    return dict(specification.spec["x-file"])


def walk(node: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every node of a document with its path."""
    yield where, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from walk(child, (*where, str(name)))


def operations(root: str) -> Iterator[dict[str, Any]]:
    """Yield the operations of a root contract."""
    for path in load(root)["paths"].values():
        yield from (operation for method, operation in path.items() if method in METHODS)


NO_SCHEMAS = {
    "example",
    "examples",
    "links",
    "Examples",
    "Refused",
    "AnswerExamples",
    "FailureExamples",
    "OutcomeExamples",
}


def schemas(document: Any) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the schema of every property with its path; what examples contain is no schema."""
    for where, node in walk(document):
        if where[-1:] == ("properties",) and not NO_SCHEMAS & set(where):
            yield from (((*where, name), schema) for name, schema in node.items())


def checks(schema: dict[str, Any], value: Any) -> set[bool]:
    """Judge a value as the server does and as the plain OpenAPI validator does."""
    compiled = jsonschema_rs.Draft4Validator(draft4(schema), validate_formats=True)
    return {compiled.is_valid(value), OAS30Validator(schema).is_valid(value)}


def media_examples(root: str) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield (where, schema, value) of every example beside a schema in a root contract."""
    for where, node in walk(load(root)):
        if isinstance(node, dict) and "schema" in node:
            named = {name: each["value"] for name, each in node.get("examples", {}).items()}
            single = {"example": node["example"]} if "example" in node else {}
            for name, value in (named | single).items():
                yield "/".join((*where, name)), node["schema"], value


FILES = [OPENAPI / "activities" / f"{name}.yaml" for name in ACTIVITIES.values()]
PARTS = [*FILES, OPENAPI / "fields.yaml", OPENAPI / "koogallery" / "query_order.yaml"]


def stem(path: Path) -> str:
    """Name a parametrised file."""
    return path.stem


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_contract_is_valid(root: str) -> None:
    """Every root contract is valid OpenAPI 3.0."""
    document, base_uri = read_from_filename(str(OPENAPI / root))

    validate(document, base_uri=base_uri)

    assert document["openapi"] == "3.0.3"


def test_every_root_contract_is_known_here() -> None:
    """No root contract escapes these tests."""
    roots = [path.name for path in OPENAPI.glob("*.yaml") if "openapi:" in path.read_text(encoding="utf-8")]

    assert sorted(roots) == ROOTS
    assert sorted(OPENAPI.glob("activities/*.yaml")) == sorted(FILES)


@pytest.mark.parametrize("root", ROOTS)
def test_connexion_resolves_every_reference(root: str) -> None:
    """Connexion's loader leaves no $ref behind, so the server can compile what it gets."""
    left = [where for where, node in walk(load(root)) if isinstance(node, dict) and "$ref" in node]

    assert left == []


@pytest.mark.parametrize("root", ROOTS)
def test_operation_ids_are_unique_dotted_paths(root: str) -> None:
    """An operationId names one function; Connexion validates both with the last schema if two share one."""
    names = Counter(operation["operationId"] for operation in operations(root))

    assert names
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"handlers(\.[a-z_]+){2,}", name)] == []


@pytest.mark.parametrize("root", ROOTS)
def test_examples_in_root_contracts_fit(root: str) -> None:
    """Every example in a root contract fits the schema beside it."""
    examples = list(media_examples(root))
    wrong = [where for where, schema, value in examples if checks(schema, value) != {True}]

    assert examples
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_an_activity_names_its_page(path: Path) -> None:
    """An activity's file says which page of the guide it restates."""
    page = fragment(path)["x-page"]

    assert page["title"]
    assert re.fullmatch(r"(zh-cn_|en-us_)?topic_\d+", page["topic"])
    assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", page["date"])


@pytest.mark.parametrize(("activity", "name"), ACTIVITIES.items())
def test_an_activity_is_told_apart_and_has_its_handler(activity: str, name: str) -> None:
    """A request pins `activity` to one value, names its handler and lets unknown fields pass."""
    request = fragment(OPENAPI / "activities" / f"{name}.yaml")["Request"]

    assert request["properties"]["activity"]["enum"] == [activity]
    assert request["x-handler"] == f"handlers.activities.{name}.{name}"
    assert "activity" in request["required"]
    assert "additionalProperties" not in request


def test_the_marketplace_contract_holds_every_activity() -> None:
    """POST /produce/{address} is one of the seven requests and answers with one of their answers."""
    operation = load("marketplace.yaml")["paths"]["/produce/{address}"]["post"]
    asked = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]

    assert [branch["properties"]["activity"]["enum"][0] for branch in asked] == list(ACTIVITIES)
    assert answered == [fragment(path)["Answer"] for path in FILES]


def test_the_signature_is_security_and_no_parameter() -> None:
    """The three signature parameters are one security requirement, so fuzzing leaves them to the signer."""
    contract = load("marketplace.yaml")
    operation = contract["paths"]["/produce/{address}"]["post"]

    assert contract["security"] == [{"signature": [], "timestamp": [], "nonce": []}]
    assert {scheme["in"] for scheme in contract["components"]["securitySchemes"].values()} == {"query"}
    assert [parameter["name"] for parameter in operation["parameters"]] == ["address"]


def test_links_lead_to_valid_requests() -> None:
    """Each link sends a request that fits, its expressions standing for the ids they fetch."""
    operation = load("marketplace.yaml")["paths"]["/produce/{address}"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    links = operation["responses"]["200"]["links"]
    sent = {link["requestBody"]["activity"] for link in links.values()}

    assert sent == set(ACTIVITIES) - {"newInstance"}
    assert [name for name, link in links.items() if checks(schema, link["requestBody"]) != {True}] == []
    assert {link["operationId"] for link in links.values()} == {operation["operationId"]}


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_examples_of_an_activity_fit_and_refused_ones_do_not(path: Path) -> None:
    """Examples fit the request and say what is answered; refused ones do not fit and are answered 000002."""
    content = fragment(path)
    good, bad = content["Examples"], content["Refused"]

    assert [name for name, each in good.items() if checks(content["Request"], each["value"]) != {True}] == []
    assert [name for name, each in bad.items() if checks(content["Request"], each["value"]) != {False}] == []
    assert {each["x-answer"]["resultCode"] for each in good.values()} <= {"000000", "000003"}
    assert {each["x-answer"]["resultCode"] for each in bad.values()} == {"000002"}


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_debug_requests_succeed(path: Path) -> None:
    """Every activity has a debug example, and testFlag "1" is always answered 000000."""
    examples = fragment(path)["Examples"]
    flags = {
        each["value"].get("testFlag") == "1": each["x-answer"]["resultCode"] for each in examples.values()
    }

    assert examples["debug"]["value"]["testFlag"] == "1"
    assert flags[True] == "000000"
    assert flags.get(False, "000003") == "000003"


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_an_answer_always_has_code_and_message(path: Path) -> None:
    """The debug page misses resultCode or resultMsg if either is left out."""
    answer = fragment(path)["Answer"]
    identified = {"resultCode": "000000", "resultMsg": "success.", "instanceId": "i-1"}

    assert checks(answer, identified) == {True}
    for name in ("resultCode", "resultMsg"):
        assert checks(answer, {key: value for key, value in identified.items() if key != name}) == {False}
    assert checks(answer, identified | {"resultCode": "0000004"}) == {False}


def test_an_accepted_purchase_names_its_instance() -> None:
    """An accepted purchase (000000, 000004) needs an instance id, a refused one does not."""
    answer = fragment(OPENAPI / "activities" / "new_instance.yaml")["Answer"]
    verdicts = {code: checks(answer, {"resultCode": code, "resultMsg": ""}) for code in ResultCode}

    assert {code for code, verdict in verdicts.items() if verdict == {False}} == {"000000", "000004"}
    assert {code for code, verdict in verdicts.items() if verdict == {True}} == set(ResultCode) - {
        "000000",
        "000004",
    }


def test_result_codes_are_those_of_the_protocol() -> None:
    """The contract and the code list the same result codes."""
    fields = fragment(OPENAPI / "fields.yaml")

    assert fields["ResultCode"]["enum"] == list(ResultCode)
    assert set(fields["RefusalCode"]["enum"]) == set(ResultCode) - {"000000", "000004"}


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_null_counts_as_absent_and_unknown_fields_pass(path: Path) -> None:
    """An optional field may be null, a mandatory one may not, and an unknown one never costs a call."""
    content = fragment(path)
    request, value = content["Request"], content["Examples"]["debug"]["value"]
    optional = set(request["properties"]) - set(request["required"])

    assert checks(request, value | dict.fromkeys(optional)) == {True}
    assert checks(request, value | {"tomorrow": {"deep": [1, None]}}) == {True}
    for name in request["required"]:
        assert checks(request, value | {name: None}) == {False}


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_lengths_are_counted_in_characters(path: Path) -> None:
    """A mandatory string may have its whole length in Chinese characters, and not one more."""
    content = fragment(path)
    request, value = content["Request"], content["Examples"]["debug"]["value"]
    free = {
        name: field["maxLength"]
        for name, field in request["properties"].items()
        if name in request["required"]
        and "maxLength" in field
        and not {"enum"} & set(field)
        and name != "expireTime"
    }

    assert free
    for name, longest in free.items():
        assert checks(request, value | {name: "云" * longest}) == {True}
        assert checks(request, value | {name: "云" * (longest + 1)}) == {False}
        assert checks(request, value | {name: ""}) == {False}
        assert checks(request, value | {name: "   "}) == {False}
        assert checks(request, value | {name: "a\x00b"}) == {False}


@pytest.mark.parametrize(
    ("time", "fits"),
    [
        ("20221124023618", True),
        ("20221124023618256", True),
        ("2022112402361825", False),
        ("202211240236182560", False),
    ],
)
def test_expiry_has_14_or_17_digits(time: str, fits: bool) -> None:  # noqa: FBT001 - a column of the table above
    """The guide's format has 14 digits and its example 17; both are taken, nothing between or beyond."""
    content = fragment(OPENAPI / "activities" / "refresh_instance.yaml")

    assert checks(content["Request"], content["Examples"]["debug"]["value"] | {"expireTime": time}) == {fits}


def test_a_hundred_ids_fit_into_one_query() -> None:
    """A hundred ids of 64 characters and their commas pass, whatever the guide's length says."""
    request = fragment(OPENAPI / "activities" / "query_instance.yaml")["Request"]
    ids = ",".join(["i" * 64] * 100)

    assert checks(request, {"activity": "queryInstance", "instanceId": ids}) == {True}
    assert checks(request, {"activity": "queryInstance", "instanceId": ",,"}) == {False}


@pytest.mark.parametrize("path", PARTS, ids=stem)
def test_every_field_of_a_part_is_described(path: Path) -> None:
    """Every property says what it means, in English and in Chinese."""
    fields = list(schemas(fragment(path)))

    assert fields
    assert [where for where, schema in fields if not is_bilingual(schema)] == []


@pytest.mark.parametrize("root", ROOTS)
def test_every_field_of_a_root_contract_is_described(root: str) -> None:
    """Every property, parameter and operation says what it means, in English and in Chinese."""
    contract = load(root)
    fields = [*schemas(contract), *((("parameters",), each) for each in parameters(root))]

    assert fields
    assert [where for where, schema in fields if not is_bilingual(schema)] == []
    assert [each["operationId"] for each in operations(root) if not is_bilingual(each)] == []


def is_bilingual(node: dict[str, Any]) -> bool:
    """Tell whether a description holds English and Chinese."""
    text = node.get("description", "")
    return bool(re.search("[A-Za-z]{2}", text) and re.search("[一-鿿]", text))


def parameters(root: str) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a root contract's operations."""
    for operation in operations(root):
        yield from operation.get("parameters", [])


@pytest.mark.parametrize(
    "content", [*map(fragment, PARTS), *map(load, ROOTS)], ids=[*map(stem, PARTS), *ROOTS]
)
def test_every_string_has_a_length(content: dict[str, Any]) -> None:
    """A string has a longest length, the guide's or our bound."""
    strings = [(where, schema) for where, schema in schemas(content) if schema.get("type") == "string"]

    assert strings
    assert [where for where, schema in strings if "maxLength" not in schema] == []


def test_vendor_operations_have_scopes() -> None:
    """Every operation of the vendor API says which scope a key needs, and reading never needs writing."""
    scopes = {each["operationId"]: each["x-scope"] for each in operations("vendor.yaml")}
    reading = {name for name in scopes if re.search(r"\.(list|get)_", name)}

    assert set(scopes.values()) == SCOPES
    assert {name for name, scope in scopes.items() if scope.endswith(":read")} == reading


def test_vendor_request_bodies_are_strict() -> None:
    """Every object in a request body of the vendor API refuses members it does not know."""
    bodies = [each["requestBody"] for each in operations("vendor.yaml") if "requestBody" in each]
    objects = [
        node
        for body in bodies
        for _, node in walk(body)
        if isinstance(node, dict) and node.get("type") == "object"
    ]

    assert objects
    assert [node for node in objects if node.get("additionalProperties") is not False] == []


def test_vendor_refusals_are_problem_documents() -> None:
    """Whatever the vendor API refuses is application/problem+json, and every operation asks for a key."""
    refusals = [
        set(response["content"])
        for each in operations("vendor.yaml")
        for status, response in each["responses"].items()
        if status.startswith("4")
    ]

    assert load("vendor.yaml")["security"] == [{"bearer": []}]
    assert {frozenset(kinds) for kinds in refusals} == {frozenset({"application/problem+json"})}
    assert all({"400", "401", "403"} <= set(each["responses"]) for each in operations("vendor.yaml"))


def test_orders_may_be_null_where_reality_is() -> None:
    """Only what the guide calls mandatory is needed of an order, and everything else may be null."""
    content = fragment(OPENAPI / "koogallery" / "query_order.yaml")
    buyer = dict.fromkeys(content["BuyerInfo"]["properties"])
    line = {"orderLineId": "CS1-000001", "chargingMode": "PERIOD"}
    order = {"orderId": "CS1", "orderType": "NEW", "createTime": "20241121090846", "orderLine": [line]}
    optional_line = set(content["OrderLine"]["properties"]) - set(line)

    assert checks(content["OrderInfo"], order | {"buyerInfo": buyer, "extendParams": None}) == {True}
    assert checks(content["OrderLine"], line | dict.fromkeys(optional_line)) == {True}
    assert checks(content["OrderInfo"], {name: order[name] for name in order if name != "orderLine"}) == {
        False
    }
    assert checks(content["Answer"], {"resultCode": "MKT.0000", "resultMsg": "Success"}) == {True}


def test_answers_that_stand_for_examples_fit() -> None:
    """The answers shown beside an activity fit its answer schema."""
    shown = {path.stem: fragment(path) for path in FILES}
    wrong = [
        (name, example)
        for name, content in shown.items()
        for example, each in content.get("AnswerExamples", {}).items()
        if checks(content["Answer"], each["value"]) != {True}
    ]

    assert {name for name, content in shown.items() if "AnswerExamples" in content} == {
        "new_instance",
        "query_instance",
    }
    assert wrong == []
