import { Controller, Get, Header } from '@nestjs/common';
import { renderOpenApi } from '@attune/contracts';
import { PublicRoute } from '@attune/http';

/** Where create-app serves the files of swagger-ui-dist. */
export const DOCS_ASSETS_PATH = '/docs/assets/';

const page = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Attune API</title>
  <link rel="icon" href="${DOCS_ASSETS_PATH}favicon-32x32.png">
  <link rel="stylesheet" href="${DOCS_ASSETS_PATH}swagger-ui.css">
</head>
<body>
  <div id="api"></div>
  <script src="${DOCS_ASSETS_PATH}swagger-ui-bundle.js"></script>
  <script>SwaggerUIBundle({ url: '/docs/openapi.json', dom_id: '#api', deepLinking: true, persistAuthorization: false })</script>
</body>
</html>
`;

/** The API's own documentation, made from the contract it is served by. */
@PublicRoute()
@Controller('docs')
export class DocsController {
  private readonly document = renderOpenApi();

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return page;
  }

  @Get('openapi.json')
  openApi(): unknown {
    return this.document;
  }
}
