"""Swagger UI of every contract under /docs; its files come with the package, nothing from elsewhere."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from handlers.contracts import CONTRACTS, load_contract

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>koogate contracts / 接口契约</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/swagger-ui-standalone-preset.js"></script>
<script>
SwaggerUIBundle({
  urls: %s, dom_id: "#swagger-ui", deepLinking: true, layout: "StandaloneLayout",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
});
</script>
</body>
</html>
"""


def create_docs_app() -> Starlette:
    """Make the app: the page, each contract as JSON, and the page's files."""
    names = sorted(path.stem for path in CONTRACTS.glob("*.yaml") if _is_root(path.name))
    urls = json.dumps([{"url": f"/docs/{name}.json", "name": name} for name in names])

    def show_page(_request: Request) -> Response:
        return HTMLResponse(_PAGE % urls)

    def show_contract(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in names:
            return Response(status_code=404)
        return JSONResponse(_plain(load_contract(f"{name}.yaml")))

    return Starlette(
        routes=[
            Route("/docs", lambda _request: RedirectResponse("/docs/")),
            Route("/docs/", show_page),
            Route("/docs/{name}.json", show_contract),
            Mount("/docs/assets", StaticFiles(directory=str(swagger_ui_path))),
        ]
    )


def _is_root(name: str) -> bool:
    return (CONTRACTS / name).read_text(encoding="utf-8").startswith("openapi:")


def _plain(value: Any) -> Any:
    """Give plain dictionaries and lists, with the references resolved."""
    if hasattr(value, "raw") or isinstance(value, dict) or hasattr(value, "items"):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
