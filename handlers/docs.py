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
<script src="/docs/page.js"></script>
</body>
</html>
"""
# validatorUrl: Swagger UI would send the address of each contract to a service of its makers.
_SCRIPT = """SwaggerUIBundle({
  urls: %s, "urls.primaryName": "marketplace", validatorUrl: null,
  dom_id: "#swagger-ui", deepLinking: true, layout: "StandaloneLayout",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
});
"""
# The page's own server and no other, whatever a contract or a library says.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def create_docs_app() -> Starlette:
    """Make the app: the page, each contract as JSON, and the page's files."""
    names = sorted(path.stem for path in CONTRACTS.glob("*.yaml") if _is_root(path.name))
    urls = json.dumps([{"url": f"/docs/{name}.json", "name": name} for name in names])

    def show_page(_request: Request) -> Response:
        return HTMLResponse(_PAGE, headers=_HEADERS)

    def send_script(_request: Request) -> Response:
        return Response(_SCRIPT % urls, media_type="text/javascript", headers=_HEADERS)

    def show_contract(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in names:
            return Response(status_code=404)
        return JSONResponse(_plain(load_contract(f"{name}.yaml")))

    return Starlette(
        routes=[
            Route("/docs", lambda _request: RedirectResponse("/docs/")),
            Route("/docs/", show_page),
            Route("/docs/page.js", send_script),
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
